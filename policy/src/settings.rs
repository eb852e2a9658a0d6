//! The settings of a policy beyond which images may be pulled. Each default is what Docker's own
//! product does; what is stricter is an owner's choice.

use crate::rule::RuleSet;

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `docker load`, `docker import`, `docker plugin create`: content that no registry vouches for.
    pub local_content: LocalContent,
    /// Starting a container from an image that came in earlier and that the policy would refuse today.
    pub run_unapproved: RunUnapproved,
    /// Managed engine plugins from registries.
    pub engine_plugins: EnginePlugins,
    /// Swarm.
    pub swarm: SwarmUse,
    /// Builds, whose images only the registry door sees.
    pub builds: Builds,
    /// Containers of BuildKit, which fetch by themselves.
    pub container_builders: ContainerBuilders,
    /// Writes that this version of pullgate does not know, as an engine newer than it may have.
    pub unknown_requests: UnknownRequests,
    /// Repositories that may be pushed to; none: all.
    pub push: Option<RuleSet>,
    /// The tamper guard; none: off. The rules name images that may reach the host all the same.
    pub protect: Option<RuleSet>,
}

/// An enum whose values have stable words.
macro_rules! setting {
    ($(#[$doc:meta])* $name:ident { $(#[$first_doc:meta])* $first:ident = $first_code:literal, $($(#[$other_doc:meta])* $other:ident = $other_code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
        pub enum $name {
            $(#[$first_doc])*
            #[default]
            $first,
            $($(#[$other_doc])* $other,)+
        }

        impl $name {
            /// Every value, the default first.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$other),+];

            /// The stable word.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    Self::$first => $first_code,
                    $(Self::$other => $other_code,)+
                }
            }
        }
    };
}

setting! {
    /// Content that no registry vouches for.
    LocalContent {
        /// It may come in.
        Allow = "allow",
        /// It is refused.
        Deny = "deny",
    }
}

setting! {
    /// A container from an image that would be refused today.
    RunUnapproved {
        /// It starts.
        Allow = "allow",
        /// It starts, and is recorded as what would have been refused.
        Warn = "warn",
        /// It is refused.
        Deny = "deny",
    }
}

setting! {
    /// Managed engine plugins.
    EnginePlugins {
        /// They are judged by their name, as images are.
        AsImages = "as_images",
        /// None may be installed or upgraded.
        Deny = "deny",
    }
}

setting! {
    /// Swarm. Services are judged by their images unless they are refused.
    SwarmUse {
        /// Swarms that start here; joining another machine's swarm is refused.
        Own = "own",
        /// Joining too.
        Allow = "allow",
        /// Neither swarms nor services.
        Deny = "deny",
    }
}

setting! {
    /// Builds.
    Builds {
        /// They run; what they fetch is the registry door's to judge.
        Allow = "allow",
        /// They are refused.
        Deny = "deny",
    }
}

setting! {
    /// Containers of BuildKit (`moby/buildkit`), as `docker buildx create` makes them: what they fetch
    /// does not come by the engine.
    ContainerBuilders {
        /// They are judged as any other image.
        Allow = "allow",
        /// They are neither fetched nor started.
        Deny = "deny",
    }
}

setting! {
    /// Writes that are not known.
    UnknownRequests {
        /// Refused.
        Deny = "deny",
        /// Let through.
        Allow = "allow",
    }
}
