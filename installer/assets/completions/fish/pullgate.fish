# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pullgate_global_optspecs
    string join \n h/help V/version
end

function __fish_pullgate_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pullgate_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pullgate_using_subcommand
    set -l cmd (__fish_pullgate_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pullgate -n "__fish_pullgate_needs_command" -s h -l help -d 'Print help'
complete -c pullgate -n "__fish_pullgate_needs_command" -s V -l version -d 'Print version'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "status" -d 'Show whether policies are enforced here and why not, who is signed in, and what was proved of each way in'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "check" -d 'Ask this machine\'s plugin whether images may be pulled, and why; nothing is pulled'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "login" -d 'Sign in with the organization\'s identity provider, and keep the access token where `docker login` would'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "sync" -d 'Ask the agent to compare with the policy service now, and wait for what is in force'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "request-access" -d 'Ask the organization that refuses an image to allow it, and see the answer'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "records" -d 'Show what was decided lately on this machine: the last 1000 decisions since the plugin started'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "credentials" -d 'Show whom the Docker credentials name, as the agent reads them; never a secret'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "image" -d 'Show how Docker Engine reads image references'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "request" -d 'Show what the plugin understands of engine requests (authorization messages, one a line, on standard input)'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "decide" -d 'Decide as the plugin would, from a policy file and a session file'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "doctor" -d 'Look for what keeps sign-in and policy from working on this machine, and say the next step'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "bugreport" -d 'Write an archive for whoever is asked for help; secrets are left out'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "install" -d 'Put pullgate in front of the engines of this machine: plan, apply step by step, prove, or undo'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "uninstall" -d 'Take pullgate away: the engine first, then the rest'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "disable" -d 'Take the plugin out of the engine for a time, so that Docker works whatever is wrong with it'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "enable" -d 'Put the plugin back before its time'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "engine-config" -d 'Print what install would make of an engine\'s `daemon.json`; changes nothing (exit 3: it would leave the file alone)'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "egress" -d 'Keep the engine from reaching registries past the registry door, with firewall rules (root)'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "demo" -d 'See pullgate work: a real engine, a registry and the policy service, all throw-away'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "stand-in" -d 'Answer for a program that cannot be run; systemd starts it'
complete -c pullgate -n "__fish_pullgate_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate -n "__fish_pullgate_using_subcommand status" -l control-socket -d 'The plugin\'s control socket' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand status" -l engine-socket -d 'The engine\'s API socket' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand status" -l door-settings -d 'The registry door\'s settings' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand status" -l door-ca-dir -d 'Directory of the registry door\'s certificate authority' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand status" -l enrollment -d 'The enrollment file' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand status" -l json -d 'Print one JSON object; with --watch one a line'
complete -c pullgate -n "__fish_pullgate_using_subcommand status" -l watch -d 'Go on, and show it again whenever something changes, until interrupted'
complete -c pullgate -n "__fish_pullgate_using_subcommand status" -l no-probe -d 'Ask the engine nothing; then nothing is proved'
complete -c pullgate -n "__fish_pullgate_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand check" -l control-socket -d 'The plugin\'s control socket' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand check" -l json -d 'Print one JSON object a line'
complete -c pullgate -n "__fish_pullgate_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand login" -l config-dir -d 'Directory of Docker\'s `config.json` [default: $DOCKER_CONFIG, else ~/.docker, or that of the docker snap]' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand login" -l enrollment -d 'The enrollment file' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand login" -l json -d 'Print JSON, one object a line'
complete -c pullgate -n "__fish_pullgate_using_subcommand login" -s h -l help -d 'Print help'
complete -c pullgate -n "__fish_pullgate_using_subcommand sync" -l control-socket -d 'The plugin\'s control socket' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand sync" -l json -d 'Print one JSON object'
complete -c pullgate -n "__fish_pullgate_using_subcommand sync" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand request-access" -l reason -d 'Why you need it; whoever decides reads it (at most 500 characters)' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand request-access" -l decision -d 'The refusal that it is about, as its text names it (`decision 01J9...`)' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand request-access" -l withdraw -d 'Take a request back that waits' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand request-access" -l control-socket -d 'The plugin\'s control socket' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand request-access" -l config-dir -d 'Directory of Docker\'s `config.json` [default: $DOCKER_CONFIG, else ~/.docker, or that of the docker snap]' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand request-access" -l enrollment -d 'The enrollment file' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand request-access" -l list -d 'Show what you asked for, and the answers'
complete -c pullgate -n "__fish_pullgate_using_subcommand request-access" -l json -d 'Print JSON, one object a line'
complete -c pullgate -n "__fish_pullgate_using_subcommand request-access" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand records" -l since -d 'Only of this long: `90s`, `15m`, `2h`, `7d`' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand records" -l decision -d 'Only this one, as a refusal names it: `decision 01J9...`' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand records" -l control-socket -d 'The plugin\'s control socket' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand records" -l denied -d 'Only what was refused, or would have been in monitor mode'
complete -c pullgate -n "__fish_pullgate_using_subcommand records" -l json -d 'Print one JSON object a line'
complete -c pullgate -n "__fish_pullgate_using_subcommand records" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand credentials" -l config-dir -d 'Directory of Docker\'s `config.json` [default: $DOCKER_CONFIG, else ~/.docker, or that of the docker snap]' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand credentials" -l enrollment -d 'The enrollment file' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand credentials" -l token-file -d 'A file with one access token, which the agent uses instead [default: $PULLGATE_TOKEN_FILE, else none]' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand credentials" -l key -d 'Registry or service whose sign-in is looked for [default: the enrolled service, else Docker Hub]' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand credentials" -l json -d 'Print JSON, one object a line'
complete -c pullgate -n "__fish_pullgate_using_subcommand credentials" -s h -l help -d 'Print help'
complete -c pullgate -n "__fish_pullgate_using_subcommand image" -l json -d 'Print one JSON object a line'
complete -c pullgate -n "__fish_pullgate_using_subcommand image" -s h -l help -d 'Print help'
complete -c pullgate -n "__fish_pullgate_using_subcommand request" -l json -d 'Print one JSON object a line'
complete -c pullgate -n "__fish_pullgate_using_subcommand request" -s h -l help -d 'Print help'
complete -c pullgate -n "__fish_pullgate_using_subcommand decide" -l policy -d 'JSON file with one policy or a list of them' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand decide" -l session -d 'JSON file with one session, a list of them, or `null` for nobody' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand decide" -l image -d 'Image to decide about; without one, authorization messages are read from standard input' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand decide" -l allowed-org -d 'Organizations one of which somebody must be signed in to' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand decide" -l machine -d 'What is true of the machine beside its policies' -r -f -a "loopback-open\t'It is to have a registry door, and what the engine asks of loopback addresses does not come there'
containers-confined\t'Containers are kept from registries by their control group'
plugin-missing\t'It is the registry door that decides, and it has not heard from the plugin'"
complete -c pullgate -n "__fish_pullgate_using_subcommand decide" -l now -d 'Seconds since the Unix epoch to decide for, instead of now' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand decide" -l json -d 'Print one JSON object a line'
complete -c pullgate -n "__fish_pullgate_using_subcommand decide" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand doctor" -l control-socket -d 'The plugin\'s control socket' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand doctor" -l engine-socket -d 'The engine\'s API socket' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand doctor" -l door-settings -d 'The registry door\'s settings' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand doctor" -l door-ca-dir -d 'Directory of the registry door\'s certificate authority' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand doctor" -l enrollment -d 'The enrollment file' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand doctor" -l registry-json -d 'Docker\'s own file that enforces sign-in' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand doctor" -l plugin-socket -d 'The plugin\'s socket for engines' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand doctor" -l config-dir -d 'Directory of Docker\'s `config.json` [default: $DOCKER_CONFIG, else ~/.docker]' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand doctor" -l json -d 'Print one JSON object a finding'
complete -c pullgate -n "__fish_pullgate_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand bugreport" -s o -l output -d 'Where to; a file that is there is left alone [default: pullgate-bugreport-TIME.tar in this directory]' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand bugreport" -l control-socket -d 'The plugin\'s control socket' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand bugreport" -l engine-socket -d 'The engine\'s API socket' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand bugreport" -l root -d 'Take settings and states from below this directory' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand bugreport" -l json -d 'Print one JSON object with the archive\'s path'
complete -c pullgate -n "__fish_pullgate_using_subcommand bugreport" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand install" -l engine -d 'Only this engine, by its unit, its `daemon.json` or its socket [default: all of the system\'s]' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand install" -l enrollment -d 'Enroll this machine with this file' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand install" -l door -d 'With the registry door, which judges builds as well; the engine has to restart for it; the default'
complete -c pullgate -n "__fish_pullgate_using_subcommand install" -l no-door -d 'Without the registry door: builds are not judged, and a reload is enough'
complete -c pullgate -n "__fish_pullgate_using_subcommand install" -l restart-later -d 'Leave it to the engine to restart, some day; until then it does not go through the registry door'
complete -c pullgate -n "__fish_pullgate_using_subcommand install" -s y -l yes -d 'Do not ask'
complete -c pullgate -n "__fish_pullgate_using_subcommand install" -l dry-run -d 'Show what would be done, and do nothing'
complete -c pullgate -n "__fish_pullgate_using_subcommand install" -l undo -d 'Take back what an install that was killed has left, and nothing else'
complete -c pullgate -n "__fish_pullgate_using_subcommand install" -l json -d 'Print one JSON object'
complete -c pullgate -n "__fish_pullgate_using_subcommand install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand uninstall" -l purge -d 'Also documents in force, the registry door\'s certificate authority, its user and `/etc/pullgate`'
complete -c pullgate -n "__fish_pullgate_using_subcommand uninstall" -s y -l yes -d 'Do not ask'
complete -c pullgate -n "__fish_pullgate_using_subcommand uninstall" -l dry-run -d 'Show what would be done, and do nothing'
complete -c pullgate -n "__fish_pullgate_using_subcommand uninstall" -l json -d 'Print one JSON object'
complete -c pullgate -n "__fish_pullgate_using_subcommand uninstall" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand disable" -l for -d 'For how long, as `30m`, `1h` or `2d`; a minute to a week' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand disable" -l reason -d 'Why, for the record' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand disable" -l restart -d 'Take the registry door out as well, for which the engine restarts; running containers stop unless `live-restore` is on'
complete -c pullgate -n "__fish_pullgate_using_subcommand disable" -l json -d 'Print one JSON object'
complete -c pullgate -n "__fish_pullgate_using_subcommand disable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand enable" -l restart -d 'Restart the engine if the registry door was taken out; running containers stop unless `live-restore` is on'
complete -c pullgate -n "__fish_pullgate_using_subcommand enable" -l scheduled -d 'Called by the timer'
complete -c pullgate -n "__fish_pullgate_using_subcommand enable" -l hand-over -d 'Called by the plugin\'s unit: tells a plugin that has just started what root did meanwhile, and nothing else'
complete -c pullgate -n "__fish_pullgate_using_subcommand enable" -l json -d 'Print one JSON object'
complete -c pullgate -n "__fish_pullgate_using_subcommand enable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand engine-config" -l file -d 'The engine\'s file; one that is not there would be created' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand engine-config" -l plugin -d 'Name of the authorization plugin' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand engine-config" -l proxies -d 'Make this the engine\'s proxy for everything, as `http://127.0.0.1:857`: the registry door (engine 23.0 and later)' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand engine-config" -l unit-flags -d 'What the engine\'s unit starts it with, as written there, without the program' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand engine-config" -l dockerd -d 'The engine\'s program, which is asked whether it takes the file [default: the one on PATH]' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand engine-config" -l move-proxies -d 'Take other proxies out of the file; they are named in what is printed with `--json`'
complete -c pullgate -n "__fish_pullgate_using_subcommand engine-config" -l move-plugin-flags -d 'Take plugins that flags name over into the file; the flags must go then'
complete -c pullgate -n "__fish_pullgate_using_subcommand engine-config" -l remove -d 'Print what uninstall would make of it instead'
complete -c pullgate -n "__fish_pullgate_using_subcommand engine-config" -l no-dockerd -d 'Ask no engine\'s program, and go by what is known of releases 20.10 to 29'
complete -c pullgate -n "__fish_pullgate_using_subcommand engine-config" -l json -d 'Print one JSON object: `action`, `class`, `plugins`, `warnings`, `moved`, `judged_by`, `content`'
complete -c pullgate -n "__fish_pullgate_using_subcommand engine-config" -s h -l help -d 'Print help'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and not __fish_seen_subcommand_from apply remove check watch help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and not __fish_seen_subcommand_from apply remove check watch help" -f -a "apply" -d 'Put the rules in place, all at once, and tell the plugin; for `ExecStartPre=+` of the engine\'s unit'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and not __fish_seen_subcommand_from apply remove check watch help" -f -a "remove" -d 'Take the rules away without a trace; end `watch` first'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and not __fish_seen_subcommand_from apply remove check watch help" -f -a "check" -d 'Look whether the rules are in place and mean the running engine (exit 0 yes, 1 no, 2 cannot tell)'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and not __fish_seen_subcommand_from apply remove check watch help" -f -a "watch" -d 'Put the rules in place and keep them there until SIGTERM, which leaves them'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and not __fish_seen_subcommand_from apply remove check watch help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from apply" -l cgroup -d 'Control group of the engine, below the mount of version 2 or absolute' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from apply" -l door -d 'Where the registry door is, as in the engine\'s `proxies` settings' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from apply" -l loopback-port -d 'Port of the registry door\'s loopback listener, on 127.0.0.1 and ::1' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from apply" -l except -d 'Something that the engine may dial by itself; exact, may be repeated. Each is a hole for a registry there' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from apply" -l registry-ports -d 'Ports of registries, which the engine may dial through the door only' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from apply" -l bridges -d 'The engine\'s bridges to containers, `*` at the end for any name; whoever else is behind one of them is not protected' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from apply" -l containers-not-to -d 'Containers may open no connection to this host\'s addresses on the ports of registries; may be repeated. Breaks what in containers pulls or pushes itself (kaniko, skopeo, Docker in Docker, buildx\'s docker-container driver, pull-through caches, kind, updaters), and whatever else is served from the same addresses, which clouds and content networks share' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from apply" -l container-cgroup -d 'Control group above all containers: `docker` is that of the cgroupfs driver; with the systemd driver, the slice that `cgroup-parent` in daemon.json names' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from apply" -l state-file -d 'Where the plugin reads what is in place' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from apply" -l dry-run -d 'Print the rules and change nothing'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from apply" -l json -d 'Print one JSON object'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from apply" -s h -l help -d 'Print help'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from remove" -l state-file -d 'Where the plugin reads what is in place' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from remove" -l json -d 'Print one JSON object'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from check" -l state-file -d 'Where the plugin reads what is in place' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from check" -l json -d 'Print one JSON object'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from watch" -l cgroup -d 'Control group of the engine, below the mount of version 2 or absolute' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from watch" -l door -d 'Where the registry door is, as in the engine\'s `proxies` settings' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from watch" -l loopback-port -d 'Port of the registry door\'s loopback listener, on 127.0.0.1 and ::1' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from watch" -l except -d 'Something that the engine may dial by itself; exact, may be repeated. Each is a hole for a registry there' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from watch" -l registry-ports -d 'Ports of registries, which the engine may dial through the door only' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from watch" -l bridges -d 'The engine\'s bridges to containers, `*` at the end for any name; whoever else is behind one of them is not protected' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from watch" -l containers-not-to -d 'Containers may open no connection to this host\'s addresses on the ports of registries; may be repeated. Breaks what in containers pulls or pushes itself (kaniko, skopeo, Docker in Docker, buildx\'s docker-container driver, pull-through caches, kind, updaters), and whatever else is served from the same addresses, which clouds and content networks share' -r
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from watch" -l container-cgroup -d 'Control group above all containers: `docker` is that of the cgroupfs driver; with the systemd driver, the slice that `cgroup-parent` in daemon.json names' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from watch" -l state-file -d 'Where the plugin reads what is in place' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from help" -f -a "apply" -d 'Put the rules in place, all at once, and tell the plugin; for `ExecStartPre=+` of the engine\'s unit'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Take the rules away without a trace; end `watch` first'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from help" -f -a "check" -d 'Look whether the rules are in place and mean the running engine (exit 0 yes, 1 no, 2 cannot tell)'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from help" -f -a "watch" -d 'Put the rules in place and keep them there until SIGTERM, which leaves them'
complete -c pullgate -n "__fish_pullgate_using_subcommand egress; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate -n "__fish_pullgate_using_subcommand demo" -l engine -d 'The `dockerd` to run; the installed one unless given' -r -F
complete -c pullgate -n "__fish_pullgate_using_subcommand demo" -l keep -d 'Leave it running and print how to use it'
complete -c pullgate -n "__fish_pullgate_using_subcommand demo" -l json -d 'One JSON object a step, at the end {"steps":N,"failed":N}'
complete -c pullgate -n "__fish_pullgate_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pullgate -n "__fish_pullgate_using_subcommand stand-in" -s h -l help -d 'Print help'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "status" -d 'Show whether policies are enforced here and why not, who is signed in, and what was proved of each way in'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "check" -d 'Ask this machine\'s plugin whether images may be pulled, and why; nothing is pulled'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "login" -d 'Sign in with the organization\'s identity provider, and keep the access token where `docker login` would'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "sync" -d 'Ask the agent to compare with the policy service now, and wait for what is in force'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "request-access" -d 'Ask the organization that refuses an image to allow it, and see the answer'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "records" -d 'Show what was decided lately on this machine: the last 1000 decisions since the plugin started'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "credentials" -d 'Show whom the Docker credentials name, as the agent reads them; never a secret'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "image" -d 'Show how Docker Engine reads image references'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "request" -d 'Show what the plugin understands of engine requests (authorization messages, one a line, on standard input)'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "decide" -d 'Decide as the plugin would, from a policy file and a session file'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "doctor" -d 'Look for what keeps sign-in and policy from working on this machine, and say the next step'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "bugreport" -d 'Write an archive for whoever is asked for help; secrets are left out'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "install" -d 'Put pullgate in front of the engines of this machine: plan, apply step by step, prove, or undo'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "uninstall" -d 'Take pullgate away: the engine first, then the rest'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "disable" -d 'Take the plugin out of the engine for a time, so that Docker works whatever is wrong with it'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "enable" -d 'Put the plugin back before its time'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "engine-config" -d 'Print what install would make of an engine\'s `daemon.json`; changes nothing (exit 3: it would leave the file alone)'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "egress" -d 'Keep the engine from reaching registries past the registry door, with firewall rules (root)'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "demo" -d 'See pullgate work: a real engine, a registry and the policy service, all throw-away'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "stand-in" -d 'Answer for a program that cannot be run; systemd starts it'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and not __fish_seen_subcommand_from status check login sync request-access records credentials image request decide doctor bugreport install uninstall disable enable engine-config egress demo stand-in help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and __fish_seen_subcommand_from egress" -f -a "apply" -d 'Put the rules in place, all at once, and tell the plugin; for `ExecStartPre=+` of the engine\'s unit'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and __fish_seen_subcommand_from egress" -f -a "remove" -d 'Take the rules away without a trace; end `watch` first'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and __fish_seen_subcommand_from egress" -f -a "check" -d 'Look whether the rules are in place and mean the running engine (exit 0 yes, 1 no, 2 cannot tell)'
complete -c pullgate -n "__fish_pullgate_using_subcommand help; and __fish_seen_subcommand_from egress" -f -a "watch" -d 'Put the rules in place and keep them there until SIGTERM, which leaves them'
