//! `pullgate egress` against the kernel: plain TCP programs in a control group and a network of
//! their own stand for the engine, and whoever answers says who it is.

mod place;
mod reached;
mod remains;
mod trees;
mod watched;
