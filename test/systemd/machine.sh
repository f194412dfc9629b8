#!/bin/bash
# machine.sh NAME ROOT [SOURCE:TARGET…]: boots the systemd in ROOT (left unchanged) as PID 1 of its own
# namespaces and cgroups, prints "leader PID", and takes everything down when its stdin closes. So a test that
# is killed with SIGKILL leaves nothing behind either. Needs root, util-linux and overlayfs.
# MACHINE_CGROUP=unified gives the guest cgroup v2 alone, also on a hybrid host (then without controllers).
# MACHINE_NETWORK=host leaves it in the host's network.
set -u
name=$1 root=$2
shift 2
here=$(dirname "$(realpath "$0")")

# The folder of each cgroup hierarchy in which this process may make children: "FOLDER" a line.
cgroups() {
  local line controllers path base
  while IFS=: read -r _ controllers path; do
    case $controllers in
      cpuset) continue ;; # a new cpuset has no CPUs until it is told
      '') base=/sys/fs/cgroup/unified; [ -d $base ] || base=/sys/fs/cgroup ;;
      name=*) base=/sys/fs/cgroup/${controllers#name=} ;;
      *) base=/sys/fs/cgroup/$controllers ;;
    esac
    [ -d "$base${path%/}" ] && echo "$base${path%/}"
  done </proc/self/cgroup
}

remove_cgroups() { # NAME; the kernel lets go of the last processes a moment after they end
  local folder try
  for folder in $(cgroups); do
    [ -d "$folder/$1" ] || continue
    for try in $(seq 50); do
      find "$folder/$1" -depth -type d -exec rmdir {} + 2>/dev/null
      [ -d "$folder/$1" ] || break
      sleep 0.1
    done
  done
}

# Machines whose script was killed: their processes died with it, their cgroups did not.
for folder in $(cgroups); do
  for stale in "$folder"/mainstay-machine-*; do
    owner=${stale##*-}
    [ -d "$stale" ] && [ ! -d "/proc/$owner" ] && find "$stale" -depth -type d -exec rmdir {} + 2>/dev/null
  done
done

name=$name-$$
# --pdeathsig and --kill-child: if this script dies, unshare dies, and with it the whole PID namespace.
(
  for folder in $(cgroups); do
    # cgroup v2 gives controllers to children only when asked; refused where the parent holds processes.
    [ -w "$folder/cgroup.subtree_control" ] &&
      for controller in cpu memory pids; do echo +$controller >"$folder/cgroup.subtree_control"; done 2>/dev/null
    mkdir "$folder/$name" && echo $BASHPID >"$folder/$name/cgroup.procs" || echo "No cgroup $folder/$name" >&2
  done
  network=--net
  [ "${MACHINE_NETWORK:-}" = host ] && network=
  # shellcheck disable=SC2086 # nothing, or one word
  exec setpriv --pdeathsig KILL unshare --fork --kill-child --pid --mount --uts --ipc $network --cgroup -- \
    bash "$here/boot.sh" "$name" "$root" "$@"
) </dev/null >&2 &
outer=$!

leader=
for _ in $(seq 200); do
  kill -0 $outer 2>/dev/null || break
  leader=$(tr -d ' ' <"/proc/$outer/task/$outer/children" 2>/dev/null)
  [ -n "$leader" ] && [ "$(cat "/proc/$leader/comm" 2>/dev/null)" = systemd ] && break
  leader=
  sleep 0.05
done
[ -n "$leader" ] && echo "leader $leader"

[ -n "$leader" ] && cat >/dev/null # until the test closes our stdin, or dies

trap '' INT TERM HUP
[ -n "$leader" ] && kill -RTMIN+4 "$leader" 2>/dev/null # systemd(1): power off
for _ in $(seq 100); do kill -0 $outer 2>/dev/null || break; sleep 0.1; done
kill -KILL $outer 2>/dev/null
wait $outer 2>/dev/null
remove_cgroups "$name"
[ -n "$leader" ]
