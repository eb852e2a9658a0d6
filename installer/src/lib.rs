//! The pullgate command: what people type.
