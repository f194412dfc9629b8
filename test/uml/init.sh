#!/bin/sh
# The first process of the virtual machine; its root is this machine's own, read-only (hostfs).
# Sets up what a machine with cgroup v2 has, runs TEST, and says how it ended.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/run/tmp NO_COLOR=1 MAINSTAY_TEST_CGROUPS=all
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mkdir -p /run/tmp
ip link set lo up 2>/dev/null

case $PLACE in
  root) ;;
  # A cgroup that is the program's alone, as a unit with Delegate=yes has it.
  delegated)
    echo "+memory +cpu +pids" >/sys/fs/cgroup/cgroup.subtree_control
    mkdir /sys/fs/cgroup/unit
    enter=/sys/fs/cgroup/unit/cgroup.procs ;;
  # One that others are in, too, as in a terminal.
  shared)
    echo "+memory +cpu +pids" >/sys/fs/cgroup/cgroup.subtree_control
    mkdir /sys/fs/cgroup/session
    sleep 1000 &
    echo $! >/sys/fs/cgroup/session/cgroup.procs
    enter=/sys/fs/cgroup/session/cgroup.procs ;;
esac
(
  [ -z "$enter" ] || echo 0 >"$enter"
  exec "$NODE" "$TEST"
)
echo "uml: exit code $?"
echo o >/proc/sysrq-trigger
sleep 10
