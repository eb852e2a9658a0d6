//! `pullgated login`: signing in with a real identity provider by its device flow, from the code
//! on the screen to the session at the plugin. Nothing is played by the test but the person.

mod desk;
mod login;
mod refused;
mod stored;
