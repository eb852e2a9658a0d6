# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pullgate_service_global_optspecs
    string join \n data-dir= database= database-file= json h/help V/version
end

function __fish_pullgate_service_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pullgate_service_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pullgate_service_using_subcommand
    set -l cmd (__fish_pullgate_service_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -s V -l version -d 'Print version'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "serve" -d 'Run the service'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "enrollment" -d 'Print the enrollment file for machines'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "organization" -d 'Organizations'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "member" -d 'Members of an organization'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "account" -d 'Accounts'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "token" -d 'Personal access tokens'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "policy" -d 'An organization\'s policy'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "allowlist" -d 'Images that are allowed whatever their category'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "denylist" -d 'Images that are refused whatever allows them'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "requests" -d 'What people ask to have allowed (`pullgate request-access`)'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "publisher" -d 'Badges of Docker Hub namespaces'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "key" -d 'The keys that sign what machines enforce'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "records" -d 'Decisions that machines reported, newest first'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "audit" -d 'Administrative acts, newest first'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "sign-ins" -d 'Sign-ins and refused attempts, newest first; the same within a minute are counted in one line'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "backup" -d 'Write all that the database holds into a file, while the service works'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "restore" -d 'Fill an empty database from such a file; it may be of the other kind'
complete -c pullgate-service -n "__fish_pullgate_service_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l listen -d 'Address and port; port 0 takes a free one' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l metrics-listen -d 'Metrics for Prometheus here, without TLS and for whoever reaches it; off without an address' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l tls-cert -d 'Certificate chain in PEM; without one the service makes its own' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l tls-key -d 'The certificate\'s private key in PEM' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l host -d 'Another name or address for the service\'s own certificate' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l proxy-protocol-from -d 'A proxy in front, or a network of them: its connections begin with the PROXY protocol, which says whose they are' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l connections-per-address -d 'Open connections of one address: the machines of an office may be behind one' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l policy-validity -d 'How long a published policy is valid' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l session-validity -d 'How long a sign-in is valid on a machine that does not reach the service' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l refresh-after -d 'When policies and sessions count as stale; new ones are published half-way' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l docker-hub-url -d 'Sign-ins with Docker Hub credentials: asks Docker Hub here, for example `https://hub.docker.com`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l docker-hub-ca-file -d 'Authorities to trust there besides the system\'s, in PEM' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l docker-hub-recheck -d 'How often a machine\'s Docker Hub credential is looked at again: who leaves an organization there loses it then' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l publishers-url -d 'Whose search says which publishers have a badge when somebody refreshes their directory; without it the Docker Hub of `--docker-hub-url`, or `https://hub.docker.com`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l publishers-ca-file -d 'Authorities to trust there besides the system\'s, in PEM; where `--docker-hub-url` is asked, without it those of `--docker-hub-ca-file`' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l oidc -d 'Sign-ins with an identity provider, by `pullgate login`: its settings, in JSON' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l oidc-validity -d 'How long the token of a `pullgate login` is valid' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l keep-records -d 'How long decision records and sign-ins are kept' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l insecure-http -d 'Plain HTTP instead of TLS; only on a loopback address'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l new-signing-key -d 'Make a new signing key if it is missing: every machine has to be enrolled again'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand serve" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l url -d 'URL of the service as machines reach it, for example `https://pullgate.acme.example:8443`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l allowed-org -d 'Enforce sign-in to one of these organizations' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l ca-file -d 'Where machines have a copy of the service\'s ca.pem' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l admin-name -d 'Whom a refused developer may ask' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l admin-email -d 'A mailbox' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l admin-url -d 'A page' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l system-roots -d 'The service\'s certificate is signed by an authority that machines know: leave `caFile` out'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l docker-hub-credentials -d 'Docker Hub credentials count on machines: the agent shows them to this service'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l registry-door -d 'Machines have a registry door: what it would have judged is refused where something of it is missing'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand enrollment" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and not __fish_seen_subcommand_from add list link keep namespace token help" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and not __fish_seen_subcommand_from add list link keep namespace token help" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and not __fish_seen_subcommand_from add list link keep namespace token help" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and not __fish_seen_subcommand_from add list link keep namespace token help" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and not __fish_seen_subcommand_from add list link keep namespace token help" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and not __fish_seen_subcommand_from add list link keep namespace token help" -f -a "add" -d 'Add an organization; its policy is off'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and not __fish_seen_subcommand_from add list link keep namespace token help" -f -a "list" -d 'Print the organizations'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and not __fish_seen_subcommand_from add list link keep namespace token help" -f -a "link" -d 'Say who else than an administrator says who is a member'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and not __fish_seen_subcommand_from add list link keep namespace token help" -f -a "keep" -d 'Say what is kept of its members\' decisions, and for how long'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and not __fish_seen_subcommand_from add list link keep namespace token help" -f -a "namespace" -d 'Docker Hub namespaces whose images are an organization\'s own'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and not __fish_seen_subcommand_from add list link keep namespace token help" -f -a "token" -d 'Organization access tokens, for machines that are nobody\'s: CI, servers'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and not __fish_seen_subcommand_from add list link keep namespace token help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from add" -l namespace -d 'A Docker Hub namespace that it owns: its images are always allowed' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from add" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from add" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from add" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from add" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from list" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from list" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from list" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from link" -l docker-hub -d 'Members of this organization of Docker Hub are members here, as Docker Hub says at each sign-in' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from link" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from link" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from link" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from link" -l no-docker-hub -d 'Not Docker Hub; whoever is a member by its word is none any more'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from link" -l oidc-groups -d 'Groups of the identity provider named `ORG` and `ORG:TEAM` make members, as it says at each `pullgate login`'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from link" -l no-oidc-groups -d 'Not the identity provider; whoever is a member by its word is none any more'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from link" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from link" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from keep" -l allowed-pulls -d 'Of what was allowed: nothing, how often by day, person and image, or each single one' -r -f -a "none\t'Nothing'
counts\t'How often, by day, person and image; no single one'
all\t'Counts, and each with its time and machine'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from keep" -l records -d 'How long decisions and counts of them are kept, 1d to 1098d' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from keep" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from keep" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from keep" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from keep" -l records-default -d 'As long as the service is set (`serve --keep-records`)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from keep" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from keep" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from namespace" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from namespace" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from namespace" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from namespace" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from namespace" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from namespace" -f -a "add" -d 'Give an organization a namespace that nobody owns: its images are always allowed'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from namespace" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from token" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from token" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from token" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from token" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from token" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from token" -f -a "create" -d 'Make a token and print it, once; it signs in with the organization\'s name as the user name'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from token" -f -a "list" -d 'Print the organization\'s tokens, without their secrets'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from token" -f -a "revoke" -d 'End a token; every machine that signed in with it is signed out'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from token" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add an organization; its policy is off'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print the organizations'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from help" -f -a "link" -d 'Say who else than an administrator says who is a member'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from help" -f -a "keep" -d 'Say what is kept of its members\' decisions, and for how long'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from help" -f -a "namespace" -d 'Docker Hub namespaces whose images are an organization\'s own'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from help" -f -a "token" -d 'Organization access tokens, for machines that are nobody\'s: CI, servers'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand organization; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and not __fish_seen_subcommand_from add remove list help" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and not __fish_seen_subcommand_from add remove list help" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and not __fish_seen_subcommand_from add remove list help" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and not __fish_seen_subcommand_from add remove list help" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and not __fish_seen_subcommand_from add remove list help" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and not __fish_seen_subcommand_from add remove list help" -f -a "add" -d 'Add a member or change their role and teams; makes the account when it is new'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and not __fish_seen_subcommand_from add remove list help" -f -a "remove" -d 'End a membership, whoever said so; the account stays'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and not __fish_seen_subcommand_from add remove list help" -f -a "list" -d 'Print the members'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and not __fish_seen_subcommand_from add remove list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from add" -l role -d 'What they may do' -r -f -a "owner\t'Never restricted by the policy; may change everything'
admin\t'May change the policy; is restricted by it'
auditor\t'May read everything; is restricted'
member\t'Is restricted'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from add" -l team -d 'A team they belong to; it is made where there is none of that name' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from add" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from add" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from add" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from add" -l password-stdin -d 'Read the new account\'s password from standard input'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from add" -l oidc -d 'The new account has no password: its owner signs in with the identity provider, by `pullgate login`'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from add" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from remove" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from remove" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from remove" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from remove" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from list" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from list" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from list" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a member or change their role and teams; makes the account when it is new'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from help" -f -a "remove" -d 'End a membership, whoever said so; the account stays'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print the members'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand member; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and not __fish_seen_subcommand_from password remove help" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and not __fish_seen_subcommand_from password remove help" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and not __fish_seen_subcommand_from password remove help" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and not __fish_seen_subcommand_from password remove help" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and not __fish_seen_subcommand_from password remove help" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and not __fish_seen_subcommand_from password remove help" -f -a "password" -d 'Replace the password; the user has to sign in again everywhere'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and not __fish_seen_subcommand_from password remove help" -f -a "remove" -d 'End the account: its credentials, memberships and sessions'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and not __fish_seen_subcommand_from password remove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from password" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from password" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from password" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from password" -l password-stdin -d 'Read the password from standard input'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from password" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from password" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from remove" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from remove" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from remove" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from remove" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "password" -d 'Replace the password; the user has to sign in again everywhere'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "remove" -d 'End the account: its credentials, memberships and sessions'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and not __fish_seen_subcommand_from create list revoke help" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and not __fish_seen_subcommand_from create list revoke help" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and not __fish_seen_subcommand_from create list revoke help" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and not __fish_seen_subcommand_from create list revoke help" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and not __fish_seen_subcommand_from create list revoke help" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and not __fish_seen_subcommand_from create list revoke help" -f -a "create" -d 'Make a token and print it, once'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and not __fish_seen_subcommand_from create list revoke help" -f -a "list" -d 'Print a user\'s tokens, without their secrets'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and not __fish_seen_subcommand_from create list revoke help" -f -a "revoke" -d 'End a token; the user has to sign in again everywhere'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and not __fish_seen_subcommand_from create list revoke help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from create" -l name -d 'What it is for' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from create" -l scope -d 'What it may be used for' -r -f -a "sign-in\t'Signing a machine in, `docker login`'
org:read\t'Reading the owner\'s organizations over APIs'
org:write\t'Changing them over APIs'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from create" -l expires -d 'When it ends: after a time like `90d`, or at one like `2027-01-31T00:00:00Z`; without it, never' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from create" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from create" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from create" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from create" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from list" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from list" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from list" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from revoke" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from revoke" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from revoke" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from revoke" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "create" -d 'Make a token and print it, once'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print a user\'s tokens, without their secrets'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'End a token; the user has to sign in again everywhere'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and not __fish_seen_subcommand_from show set help" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and not __fish_seen_subcommand_from show set help" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and not __fish_seen_subcommand_from show set help" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and not __fish_seen_subcommand_from show set help" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and not __fish_seen_subcommand_from show set help" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and not __fish_seen_subcommand_from show set help" -f -a "show" -d 'Print the policy'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and not __fish_seen_subcommand_from show set help" -f -a "set" -d 'Change what is given; the rest stays'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and not __fish_seen_subcommand_from show set help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from show" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from show" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from show" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from show" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l enabled -d 'The switch: off, nobody is restricted' -r -f -a "true\t''
false\t''"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l mode -d 'Refuse, or only record what would be refused' -r -f -a "enforce\t'Refuse'
monitor\t'Let through and record what would have been refused'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l official -d 'Allow Docker Official Images' -r -f -a "true\t''
false\t''"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l verified-publisher -d 'Allow verified publishers\' images' -r -f -a "true\t''
false\t''"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l community -d 'Allow community images' -r -f -a "true\t''
false\t''"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l registry-control -d 'Limit other registries than Docker Hub to the list' -r -f -a "true\t''
false\t''"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l registry -d 'A registry of the list; given once or more, they replace the list' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l when-expired -d 'What machines do with a policy past its end' -r -f -a "keep\t'Keep the last good one'
deny\t'Refuse what brings an image in'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l message -d 'Your words in a refusal' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l request-url -d 'Page where access is asked for' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l email -d 'Whom to write to' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l confirm -d 'How many people lose something by it; asked for when they are more than a tenth of the active ones' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l session-fresh -d 'How long a sign-in counts as fresh on a machine that does not reach the service, 1m to 30d' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l session-valid -d 'How long it is valid there, 1m to 30d' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l local-content -d '`docker load`, `docker import` and `docker plugin create`' -r -f -a "allow\t'May come in'
deny\t'Refuse'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l run-unapproved -d 'Starting a container from an image that is there and that the policy would refuse today' -r -f -a "allow\t'It starts'
warn\t'It starts, and is recorded as what would have been refused'
deny\t'Refuse'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l engine-plugins -d 'Installing and upgrading engine plugins' -r -f -a "as-images\t'Judged by their name, as images are'
deny\t'Refuse'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l swarm -d 'Swarm: only swarms that start on the machine, joining others too, or none' -r -f -a "own\t'Swarms that start here; joining another machine\'s is refused'
allow\t'Joining too'
deny\t'Neither swarms nor services'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l builds -d 'Builds, whose images only the registry door sees' -r -f -a "allow\t'They run; what they fetch is not seen'
deny\t'Refuse'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l container-builders -d 'Builders in containers (`moby/buildkit`), which fetch by themselves' -r -f -a "allow\t'Judged as any other image'
deny\t'Refuse'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l unknown-requests -d 'Requests that change something and that the machine\'s pullgate does not know' -r -f -a "deny\t'Refuse'
allow\t'Let through'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l push -d 'Repositories that may be pushed to, as in an allowlist; given once or more, they replace the list' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l protect -d 'The tamper guard: refuse requests that reach the machine beyond a container' -r -f -a "true\t''
false\t''"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l protect-allow -d 'Images that the tamper guard leaves alone, as in an allowlist; given once or more, they replace the list' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l no-registries -d 'Empty the list of registries'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l dry-run -d 'Print what it would do to people, by the decisions of the last 90 days, and change nothing'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l session-default -d 'Both as the service is set'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l push-anywhere -d 'Pushes are not restricted'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l push-nowhere -d 'Nothing may be pushed'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l no-protect-allow -d 'Empty the list of images that the tamper guard leaves alone'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print the policy'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "set" -d 'Change what is given; the rest stays'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and not __fish_seen_subcommand_from add remove list help" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and not __fish_seen_subcommand_from add remove list help" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and not __fish_seen_subcommand_from add remove list help" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and not __fish_seen_subcommand_from add remove list help" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and not __fish_seen_subcommand_from add remove list help" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and not __fish_seen_subcommand_from add remove list help" -f -a "add" -d 'Add a rule, or change the one with the same pattern and scope'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and not __fish_seen_subcommand_from add remove list help" -f -a "remove" -d 'Remove a rule by its id, or all with a pattern'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and not __fish_seen_subcommand_from add remove list help" -f -a "list" -d 'Print the list'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and not __fish_seen_subcommand_from add remove list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from add" -l team -d 'Only for this team' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from add" -l user -d 'Only for this user' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from add" -l expires -d 'Until when, for example `2027-01-31T00:00:00Z`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from add" -l reason -d 'Why' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from add" -l confirm -d 'How many people lose something by it; asked for when they are more than a tenth of the active ones' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from add" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from add" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from add" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from add" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from remove" -l confirm -d 'How many people lose something by it; asked for when they are more than a tenth of the active ones' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from remove" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from remove" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from remove" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from remove" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from list" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from list" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from list" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a rule, or change the one with the same pattern and scope'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove a rule by its id, or all with a pattern'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print the list'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand allowlist; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and not __fish_seen_subcommand_from add remove list help" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and not __fish_seen_subcommand_from add remove list help" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and not __fish_seen_subcommand_from add remove list help" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and not __fish_seen_subcommand_from add remove list help" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and not __fish_seen_subcommand_from add remove list help" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and not __fish_seen_subcommand_from add remove list help" -f -a "add" -d 'Add a rule, or change the one with the same pattern and scope'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and not __fish_seen_subcommand_from add remove list help" -f -a "remove" -d 'Remove a rule by its id, or all with a pattern'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and not __fish_seen_subcommand_from add remove list help" -f -a "list" -d 'Print the list'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and not __fish_seen_subcommand_from add remove list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from add" -l team -d 'Only for this team' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from add" -l user -d 'Only for this user' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from add" -l expires -d 'Until when, for example `2027-01-31T00:00:00Z`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from add" -l reason -d 'Why' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from add" -l confirm -d 'How many people lose something by it; asked for when they are more than a tenth of the active ones' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from add" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from add" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from add" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from add" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from remove" -l confirm -d 'How many people lose something by it; asked for when they are more than a tenth of the active ones' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from remove" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from remove" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from remove" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from remove" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from list" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from list" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from list" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a rule, or change the one with the same pattern and scope'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove a rule by its id, or all with a pattern'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print the list'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand denylist; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and not __fish_seen_subcommand_from list approve deny help" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and not __fish_seen_subcommand_from list approve deny help" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and not __fish_seen_subcommand_from list approve deny help" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and not __fish_seen_subcommand_from list approve deny help" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and not __fish_seen_subcommand_from list approve deny help" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and not __fish_seen_subcommand_from list approve deny help" -f -a "list" -d 'Print requests, newest first'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and not __fish_seen_subcommand_from list approve deny help" -f -a "approve" -d 'Allow what was asked for: a rule in the allowlist, for the person who asked'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and not __fish_seen_subcommand_from list approve deny help" -f -a "deny" -d 'Say no'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and not __fish_seen_subcommand_from list approve deny help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from list" -l state -d 'Only those of this state' -r -f -a "pending\t'It waits for an answer'
approved\t'It was allowed'
denied\t'It was not'
withdrawn\t'Whoever asked took it back'"
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from list" -l org -d 'Only those to this organization' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from list" -l limit -d 'At most this many' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from list" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from list" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from list" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from approve" -l for -d 'For so long, for example `30d`; without it, for good' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from approve" -l team -d 'For a team of the person who asked' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from approve" -l pattern -d 'Other images than was asked for, as in the allowlist: `evil/*`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from approve" -l note -d 'A word to the person who asked; members see it in the rule\'s reason' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from approve" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from approve" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from approve" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from approve" -l for-everyone -d 'For everybody in the organization'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from approve" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from approve" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from deny" -l reason -d 'Why, for the person who asked' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from deny" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from deny" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from deny" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from deny" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from deny" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print requests, newest first'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from help" -f -a "approve" -d 'Allow what was asked for: a rule in the allowlist, for the person who asked'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from help" -f -a "deny" -d 'Say no'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand requests; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and not __fish_seen_subcommand_from set remove list refresh help" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and not __fish_seen_subcommand_from set remove list refresh help" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and not __fish_seen_subcommand_from set remove list refresh help" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and not __fish_seen_subcommand_from set remove list refresh help" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and not __fish_seen_subcommand_from set remove list refresh help" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and not __fish_seen_subcommand_from set remove list refresh help" -f -a "set" -d 'Give a Docker Hub namespace its badge, by hand: no refresh changes it from then on'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and not __fish_seen_subcommand_from set remove list refresh help" -f -a "remove" -d 'Take the badge away; a refresh gives it anew where Docker Hub still shows it'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and not __fish_seen_subcommand_from set remove list refresh help" -f -a "list" -d 'Print all'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and not __fish_seen_subcommand_from set remove list refresh help" -f -a "refresh" -d 'Make the directory as Docker Hub\'s search shows it; what was given by hand stays as it is'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and not __fish_seen_subcommand_from set remove list refresh help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from set" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from set" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from set" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from set" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from remove" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from remove" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from remove" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from remove" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from list" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from list" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from list" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from refresh" -l url -d 'Whose search to ask' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from refresh" -l ca-file -d 'Authorities to trust there besides the system\'s, in PEM' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from refresh" -l confirm -d 'How many namespaces lose their badge by it; asked for when they are more than a tenth of those from Docker Hub' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from refresh" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from refresh" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from refresh" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from refresh" -l dry-run -d 'Print what it would change, and change nothing'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from refresh" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from refresh" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from help" -f -a "set" -d 'Give a Docker Hub namespace its badge, by hand: no refresh changes it from then on'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Take the badge away; a refresh gives it anew where Docker Hub still shows it'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print all'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from help" -f -a "refresh" -d 'Make the directory as Docker Hub\'s search shows it; what was given by hand stays as it is'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand publisher; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and not __fish_seen_subcommand_from list rotate retire help" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and not __fish_seen_subcommand_from list rotate retire help" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and not __fish_seen_subcommand_from list rotate retire help" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and not __fish_seen_subcommand_from list rotate retire help" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and not __fish_seen_subcommand_from list rotate retire help" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and not __fish_seen_subcommand_from list rotate retire help" -f -a "list" -d 'Print the signing keys, oldest first, and where each is in its life'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and not __fish_seen_subcommand_from list rotate retire help" -f -a "rotate" -d 'Make another signing key, tell machines of it, and sign with it; the one before is trusted until it is retired'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and not __fish_seen_subcommand_from list rotate retire help" -f -a "retire" -d 'End the key before the one that signs: machines believe it no more'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and not __fish_seen_subcommand_from list rotate retire help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from list" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from list" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from list" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from rotate" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from rotate" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from rotate" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from rotate" -l prepare -d 'Only make it and tell machines: first its file has to be copied to other services on the same database'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from rotate" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from retire" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from retire" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from retire" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from retire" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from retire" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print the signing keys, oldest first, and where each is in its life'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Make another signing key, tell machines of it, and sign with it; the one before is trusted until it is retired'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "retire" -d 'End the key before the one that signs: machines believe it no more'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand records" -l limit -d 'At most this many' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand records" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand records" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand records" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand records" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand records" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand audit" -l limit -d 'At most this many' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand audit" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand audit" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand audit" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand audit" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand audit" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand sign-ins" -l limit -d 'At most this many' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand sign-ins" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand sign-ins" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand sign-ins" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand sign-ins" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand sign-ins" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand backup" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand backup" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand backup" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand backup" -l with-keys -d 'The signing key and the certificate\'s authority too: who has the file can sign policies then'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand backup" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand backup" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand restore" -l data-dir -d 'Where the database, the signing key and the certificate are' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand restore" -l database -d 'PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`; where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`' -r
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand restore" -l database-file -d 'A file with that URL; without any of these, `database` in the data directory counts, where there is one' -r -F
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand restore" -l json -d 'Print JSON, one object a line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand restore" -s h -l help -d 'Print help'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "serve" -d 'Run the service'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "enrollment" -d 'Print the enrollment file for machines'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "organization" -d 'Organizations'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "member" -d 'Members of an organization'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "account" -d 'Accounts'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "token" -d 'Personal access tokens'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "policy" -d 'An organization\'s policy'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "allowlist" -d 'Images that are allowed whatever their category'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "denylist" -d 'Images that are refused whatever allows them'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "requests" -d 'What people ask to have allowed (`pullgate request-access`)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "publisher" -d 'Badges of Docker Hub namespaces'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "key" -d 'The keys that sign what machines enforce'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "records" -d 'Decisions that machines reported, newest first'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "audit" -d 'Administrative acts, newest first'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "sign-ins" -d 'Sign-ins and refused attempts, newest first; the same within a minute are counted in one line'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "backup" -d 'Write all that the database holds into a file, while the service works'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "restore" -d 'Fill an empty database from such a file; it may be of the other kind'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and not __fish_seen_subcommand_from serve enrollment organization member account token policy allowlist denylist requests publisher key records audit sign-ins backup restore help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from organization" -f -a "add" -d 'Add an organization; its policy is off'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from organization" -f -a "list" -d 'Print the organizations'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from organization" -f -a "link" -d 'Say who else than an administrator says who is a member'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from organization" -f -a "keep" -d 'Say what is kept of its members\' decisions, and for how long'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from organization" -f -a "namespace" -d 'Docker Hub namespaces whose images are an organization\'s own'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from organization" -f -a "token" -d 'Organization access tokens, for machines that are nobody\'s: CI, servers'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from member" -f -a "add" -d 'Add a member or change their role and teams; makes the account when it is new'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from member" -f -a "remove" -d 'End a membership, whoever said so; the account stays'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from member" -f -a "list" -d 'Print the members'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "password" -d 'Replace the password; the user has to sign in again everywhere'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "remove" -d 'End the account: its credentials, memberships and sessions'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "create" -d 'Make a token and print it, once'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "list" -d 'Print a user\'s tokens, without their secrets'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "revoke" -d 'End a token; the user has to sign in again everywhere'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "show" -d 'Print the policy'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "set" -d 'Change what is given; the rest stays'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from allowlist" -f -a "add" -d 'Add a rule, or change the one with the same pattern and scope'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from allowlist" -f -a "remove" -d 'Remove a rule by its id, or all with a pattern'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from allowlist" -f -a "list" -d 'Print the list'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from denylist" -f -a "add" -d 'Add a rule, or change the one with the same pattern and scope'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from denylist" -f -a "remove" -d 'Remove a rule by its id, or all with a pattern'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from denylist" -f -a "list" -d 'Print the list'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from requests" -f -a "list" -d 'Print requests, newest first'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from requests" -f -a "approve" -d 'Allow what was asked for: a rule in the allowlist, for the person who asked'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from requests" -f -a "deny" -d 'Say no'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from publisher" -f -a "set" -d 'Give a Docker Hub namespace its badge, by hand: no refresh changes it from then on'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from publisher" -f -a "remove" -d 'Take the badge away; a refresh gives it anew where Docker Hub still shows it'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from publisher" -f -a "list" -d 'Print all'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from publisher" -f -a "refresh" -d 'Make the directory as Docker Hub\'s search shows it; what was given by hand stays as it is'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "list" -d 'Print the signing keys, oldest first, and where each is in its life'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "rotate" -d 'Make another signing key, tell machines of it, and sign with it; the one before is trusted until it is retired'
complete -c pullgate-service -n "__fish_pullgate_service_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "retire" -d 'End the key before the one that signs: machines believe it no more'
