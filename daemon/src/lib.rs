//! The agent: watches the Docker credentials file, signs in, carries sealed documents to the plugin.
