# Ends and removes what a lab left behind. $1: the lab's directory. Told over standard input what runs.
dir=$1
pids=

alive() { # A zombie is dead: its parent has yet to look.
    case $(cut -d')' -f2- "/proc/$1/stat" 2>/dev/null) in '' | ' Z'*) return 1 ;; esac
}

clean() {
    trap '' INT TERM HUP
    for pid in $pids; do
        kill -TERM "$pid" 2>/dev/null
    done
    tries=100 # of 50 ms
    for pid in $pids; do
        while [ $tries -gt 0 ] && alive "$pid"; do
            tries=$((tries - 1))
            sleep 0.05
        done
        kill -KILL "$pid" 2>/dev/null
        while alive "$pid"; do sleep 0.01; done
    done
    rm -rf -- "$dir"
    for group in /sys/fs/cgroup/"${dir##*/}" /sys/fs/cgroup/*/"${dir##*/}"; do
        [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
    done
    exit 0
}

trap '' INT HUP
trap clean TERM
while read -r word pid; do
    case $word in
        started) pids="$pid $pids" ;; # the newest ends first
        ended)
            rest=
            for other in $pids; do [ "$other" = "$pid" ] || rest="$rest $other"; done
            pids=$rest
            ;;
        keep) mkfifo "$dir/kept" && exec 3<>"$dir/kept" ;;
    esac
done
if [ -p "$dir/kept" ]; then
    read -r _ <&3 # nobody writes there: SIGTERM ends it
fi
clean
