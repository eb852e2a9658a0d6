//! Windows dumps a program that crashes only where its administrator asks for it, and lets a user read the memory of
//! what runs as the same user. `std` changes neither.

/// Does nothing.
///
/// # Errors
/// None.
pub fn no_dumps() -> std::io::Result<()> {
    Ok(())
}
