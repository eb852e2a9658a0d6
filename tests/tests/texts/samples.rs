//! Errors made by hand.

use std::error::Error;

/// What the variants of one error type say.
pub struct Samples {
    /// The type, by its path.
    pub of: &'static str,
    /// The variants that have a sample.
    pub told: Vec<Told>,
}

/// One of them.
pub struct Told {
    /// The variant's name.
    pub variant: &'static str,
    /// What it says of itself.
    pub text: String,
    /// The same, with its causes.
    pub chain: String,
}

impl Told {
    pub fn new(variant: &'static str, error: &(dyn Error + 'static)) -> Self {
        Self { variant, text: error.to_string(), chain: proto::chain(error) }
    }
}

impl Samples {
    /// Of an error that is no enumeration.
    pub fn one(of: &'static str, error: &(dyn Error + 'static)) -> Self {
        Self { of, told: vec![Told::new("", error)] }
    }

    /// The type's name without its path, and the crate that it is of.
    pub fn name(&self) -> (&'static str, &'static str) {
        (self.of.split("::").next().unwrap_or_default(), self.of.rsplit("::").next().unwrap_or_default())
    }
}

/// Variants, each as it is made; after `unmade:`, those whose source is a library's and cannot be made from outside.
/// The match has no `_`: a variant that is in neither list does not compile.
macro_rules! samples {
    (
        $($error:ident)::+ :
        $($variant:ident $(($($tuple:tt)*))? $({$($fields:tt)*})?),+ $(,)?
        $(; unmade: $($unmade:ident),+)?
    ) => {{
        use $($error)::+ as Sampled;
        #[allow(unreachable_patterns)]
        fn name(error: &Sampled) -> &'static str {
            match error {
                $(Sampled::$variant { .. } => stringify!($variant),)+
                $($(Sampled::$unmade { .. } => stringify!($unmade),)+)?
            }
        }
        let errors = [$(Sampled::$variant $(($($tuple)*))? $({$($fields)*})?),+];
        let told = errors.iter().map(|error| $crate::samples::Told::new(name(error), error)).collect();
        let of = concat!($("::", stringify!($error)),+).trim_start_matches(':');
        $crate::samples::Samples { of, told }
    }};
}
