// SPDX-License-Identifier: Apache-2.0
// Compares thaw with podman: rows on which they agree, rows on which they differ, and why. docs/compat.md is made of these rows, and test/xen/compat
// runs each row on both.

export interface CompatRow {
  area:
    | 'run and create'
    | 'life'
    | 'looking'
    | 'exec'
    | 'pods'
    | 'files'
    | 'images'
    | 'networks'
    | 'errors';
  what: string;
  /**
   * Run by sh for each engine: $E is the engine, $I the image. R runs a container and removes it, W does the same in a network, P runs a container, D
   * runs a detached container called $N, D4 does the same in a network, C creates a container called $N, DI and CI print its id. PC makes a pod
   * called $N-pod, PR runs a container in it. The test removes everything with these names afterwards. It compares outputs and statuses.
   */
  script: string;
  /** An intended difference: the behaviour of each, and the reason. */
  differs?: { podman: string; thaw: string; why: string };
  /** The expected output of each, `status N` as its last line. */
  prints?: { podman: RegExp; thaw: RegExp };
}

const same = (area: CompatRow['area'], rows: [what: string, script: string][]): CompatRow[] =>
  rows.map(([what, script]) => ({ area, what, script }));

const LOOP = `sh -c 'trap "exit 3" TERM INT; echo up; while :; do sleep 0.1; done'`;
/** Waits until the container has its trap. */
const UP = 'for i in $(seq 100); do $E logs $N | grep -q up && break; sleep 0.2; done';

export const COMPAT_ROWS: readonly CompatRow[] = [
  ...same('run and create', [
    ['-e K=V', "R -e A=1 -e B=x=y $I sh -c 'echo $A $B'"],
    ['-e K', "export OWN=mine; R -e OWN -e NONE $I sh -c 'echo $OWN ${NONE-unset}'"],
    [
      '--env-file',
      "printf 'A=1\\n# no\\n\\nOWN\\n' >/tmp/compat.env; export OWN=2; R --env-file /tmp/compat.env -e A=3 $I sh -c 'echo $A $OWN'",
    ],
    ['-w', 'R -w /tmp $I pwd'],
    ['-u, by number', "R -u 1000:100 $I sh -c 'id -u; id -g'"],
    ['-u, by name', "R -u root $I sh -c 'id -un; echo $HOME'"],
    ['--entrypoint', 'R --entrypoint echo $I a b'],
    ['--hostname', "R --hostname box $I sh -c 'hostname; cat /etc/hostname'"],
    ['--name', 'D $I sleep 100; $E inspect --format "{{.Name}}" $N | sed "s/$N/name/"'],
    ['--rm', 'R --name $N $I true; $E ps -a --format "{{.Names}}" | grep -c "^$N$"'],
    ['-i', 'echo fed | R -i $I cat'],
    ['without -i', 'echo fed | R $I cat'],
    ['-t', "R -t $I sh -c 'test -t 1 && echo terminal'"],
    [
      '--read-only',
      "R --read-only $I sh -c 'touch /no 2>/dev/null || echo read-only; touch /tmp/yes /run/yes /var/tmp/yes && echo tmp'",
    ],
    ['--tmpfs', "R --tmpfs /x:size=1m $I sh -c 'df -k /x | tail -n 1'"],
    [
      '--cap-add, --cap-drop',
      'R --cap-drop ALL --cap-add NET_RAW,chown $I grep Cap /proc/self/status',
    ],
    [
      '--cap-add for another user',
      'R -u 1000 --cap-add NET_RAW $I grep -E "Cap(Prm|Eff|Amb)" /proc/self/status',
    ],
    ['capabilities of root by default', 'R $I grep -E "Cap(Prm|Eff|Amb|Inh)" /proc/self/status'],
    [
      '--security-opt no-new-privileges',
      'R --security-opt no-new-privileges $I grep NoNewPrivs /proc/self/status',
    ],
    [
      '--security-opt seccomp=FILE',
      `echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}]}' >/tmp/compat.json; R --security-opt seccomp=/tmp/compat.json $I mkdir /tmp/x 2>/dev/null`,
    ],
    [
      '--ulimit',
      "R --ulimit nofile=100:200 --ulimit core=-1 $I sh -c 'ulimit -n; ulimit -Hn; ulimit -c'",
    ],
    ['--pids-limit', 'R --pids-limit 50 $I cat /sys/fs/cgroup/pids.max'],
    ['--cpus, a fraction', 'R --cpus 0.5 $I cat /sys/fs/cgroup/cpu.max'],
    ['--add-host', 'R --add-host db:192.0.2.7 $I grep -w db /etc/hosts'],
    [
      '--dns, --dns-search, --dns-option',
      'W --dns 192.0.2.1 --dns-search a.example --dns-option ndots:2 $I sort /etc/resolv.conf',
    ],
    ['--label', "D -l a=b -l c $I sleep 100; $E inspect --format '{{json .Config.Labels}}' $N"],
    [
      '--stop-signal',
      `D --stop-signal INT --stop-timeout 100 $I ${LOOP}; ${UP}; $E stop $N >/dev/null; $E wait $N`,
    ],
    ['--stop-timeout', 'D --stop-timeout 1 $I sleep 100; $E stop $N >/dev/null; $E wait $N'],
    [
      '--restart on-failure:N',
      "D --restart on-failure:2 $I sh -c 'echo try; exit 4' >/dev/null; for i in $(seq 60); do [ $($E logs $N | wc -l) = 3 ] && break; sleep 0.5; done; sleep 1; $E logs $N",
    ],
    ['--mac-address', 'W --mac-address 02:00:00:00:00:07 $I cat /sys/class/net/eth0/address'],
    ['--cidfile', 'D --cidfile /tmp/$N.cid $I true; wc -c </tmp/$N.cid; rm /tmp/$N.cid'],
    ['-d', "DI $I true | grep -cE '^[0-9a-f]{64}$'"],
    [
      'create',
      "CI $I echo made | grep -cE '^[0-9a-f]{64}$'; $E ps -a --format '{{.State}}' --filter name=$N; $E start -a $N",
    ],
  ]),
  {
    area: 'run and create',
    what: '--memory',
    script:
      'R -m 128m $I sh -c \'cat /sys/fs/cgroup/memory.max; awk "/MemTotal/ {print \\$2}" /proc/meminfo\'',
    differs: {
      podman: "sets the container's limit; /proc/meminfo shows the host's memory",
      thaw: "sets the domain's size; no cgroup limit exists inside, and /proc/meminfo shows the domain's memory",
      why: "the limit is Xen's, so it holds for the guest's kernel too",
    },
    prints: { podman: /^134217728\n\d{7,}\nstatus 0$/, thaw: /^max\n1[0-3]\d{4}\nstatus 0$/ },
  },
  {
    area: 'run and create',
    what: '--cpus, a whole number',
    script: "R --cpus 1 $I sh -c 'cat /sys/fs/cgroup/cpu.max; nproc'",
    differs: {
      podman: "sets a quota; the container sees the host's CPUs",
      thaw: 'gives the domain that number of vCPUs, without a quota',
      why: 'Xen schedules vCPUs',
    },
    prints: { podman: /^100000 100000\n\d+\nstatus 0$/, thaw: /^max 100000\n1\nstatus 0$/ },
  },
  {
    area: 'run and create',
    what: '--cidfile that is there',
    script:
      'echo other >/tmp/$N.cid; R --cidfile /tmp/$N.cid $I true 2>/dev/null; echo $?; cat /tmp/$N.cid 2>/dev/null; rm -f /tmp/$N.cid',
    differs: {
      podman: 'overwrites the file, and removes it with the container',
      thaw: 'refuses, and leaves the file',
      why: 'the file may have the id of another container; docker refuses, too',
    },
    prints: { podman: /^0\nstatus 0$/, thaw: /^125\nother\nstatus 0$/ },
  },
  {
    area: 'run and create',
    what: 'environment',
    script: "R $I sh -c 'echo ${container-none}'",
    differs: {
      podman: 'sets container=podman',
      thaw: 'sets no such variable',
      why: 'programs conclude from it that they share a kernel; here the kernel is the container’s own',
    },
    prints: { podman: /^podman\nstatus 0$/, thaw: /^none\nstatus 0$/ },
  },
  ...same('run and create', [
    [
      '-v, a folder of the host',
      "mkdir -p /tmp/compat; echo hi >/tmp/compat/f; R -v /tmp/compat:/x $I sh -c 'cat /x/f; echo new >/x/g'; cat /tmp/compat/g; rm -r /tmp/compat",
    ],
    [
      '-v with ro',
      "mkdir -p /tmp/compat; R -v /tmp/compat:/x:ro $I sh -c 'touch /x/f 2>/dev/null || echo read-only'; ls /tmp/compat",
    ],
    ['-v of a path that is not there', 'R -v /no/such:/x $I true'],
    [
      '-v, a volume, which is made and kept',
      "R -v compat:/x $I sh -c 'echo kept >/x/f'; R -v compat:/x $I cat /x/f; $E volume ls -q; $E volume rm compat",
    ],
    [
      '-v, a new volume is filled from the image',
      "R -v compat:/etc $I sh -c 'grep -c root /etc/passwd'; R -v compat:/x $I ls /x/passwd; $E volume rm compat",
    ],
    [
      '-v without a source, --rm',
      // thaw continues the removal after its command has ended.
      '$E volume ls -q | wc -l; R -v /x $I touch /x/f; for i in $(seq 30); do [ "$($E volume ls -q)" ] || break; sleep 1; done; $E volume ls -q | wc -l',
    ],
    [
      '--mount type=bind',
      "mkdir -p /tmp/compat; R --mount type=bind,source=/tmp/compat,target=/x,readonly $I sh -c 'touch /x/f 2>/dev/null || echo read-only'",
    ],
    [
      '--mount type=volume',
      'R --mount type=volume,source=compat,target=/x $I touch /x/f; $E volume rm compat',
    ],
    [
      '--mount type=tmpfs',
      "R --mount type=tmpfs,target=/x,tmpfs-size=1m $I sh -c 'df -k /x | tail -n 1'",
    ],
    [
      'volume create, inspect, rm',
      "$E volume create --label a=b compat; $E volume inspect -f '{{.Name}} {{.Driver}} {{.Labels}}' compat; $E volume rm compat",
    ],
    ['volume rm of one that is not there', '$E volume rm compat'],
    [
      'volume rm of one that a container has',
      '$E volume create compat >/dev/null; C -v compat:/x $I true; $E volume rm compat; $E rm $N >/dev/null; $E volume rm compat',
    ],
    [
      'volume create of a name that is taken',
      '$E volume create compat >/dev/null; $E volume create compat; echo $?; $E volume rm compat',
    ],
    [
      '--health-cmd, healthcheck run',
      'D --health-cmd "test -f /ok" --health-interval disable --health-retries 1 $I sleep 100; $E healthcheck run $N; echo $?; $E exec $N touch /ok; $E healthcheck run $N; echo $?; $E inspect -f "{{.State.Health.Status}}" $N',
    ],
    ['--init, its status', "R --init $I sh -c 'exit 7'"],
    ['--init, a signal', 'D --init $I sleep 100; $E kill -s TERM $N >/dev/null; $E wait $N'],
    [
      '--init, the command is not the first process',
      "R --init $I sh -c 'test $$ -ne 1 && echo second'",
    ],
    ['healthcheck run without a check', 'D $I sleep 100; $E healthcheck run $N'],
    [
      'rm -v',
      'C -v /x $I true; $E volume ls -q | wc -l; $E rm -v $N >/dev/null; $E volume ls -q | wc -l',
    ],
  ]),
  {
    area: 'run and create',
    what: '--init, a command that is not there',
    script: 'R --init $I /no/such',
    differs: {
      podman: 'status 1',
      thaw: 'status 127',
      why: '127 is also the status without --init',
    },
    prints: { podman: /^status 1$/, thaw: /^status 127$/ },
  },
  ...same('life', [
    [
      'stop',
      `D --stop-timeout 100 $I ${LOOP}; ${UP}; $E stop $N | sed "s/$N/name/"; $E inspect --format '{{.State.Status}} {{.State.ExitCode}}' $N; $E stop $N | sed "s/$N/name/"`,
    ],
    ['stop -t 0', 'D $I sleep 100; $E stop -t 0 $N >/dev/null; $E wait $N'],
    [
      'start again',
      'D $I sh -c \'echo up\'; $E wait $N; $E start $N | sed "s/$N/name/"; $E wait $N; $E logs $N',
    ],
    [
      'files over stop and start',
      `D $I sh -c 'echo x >> /lines; rm -f /etc/passwd; wc -l < /lines; ls /etc/passwd 2>/dev/null; sleep 100'; sleep 2; $E restart -t 0 $N >/dev/null; sleep 2; $E stop -t 0 $N >/dev/null; $E logs $N`,
    ],
    ['start -a', "C $I sh -c 'echo out; exit 5'; $E start -a $N"],
    ['start of one that runs', 'D $I sleep 100; $E start $N | sed "s/$N/name/"'],
    [
      'restart',
      "D $I sh -c 'echo up; sleep 100'; sleep 1; $E restart -t 0 $N | sed \"s/$N/name/\"; sleep 1; $E logs $N; $E inspect --format '{{.State.Status}}' $N",
    ],
    ['kill', `D $I ${LOOP}; ${UP}; $E kill -s TERM $N | sed "s/$N/name/"; $E wait $N`],
    [
      'pause, unpause',
      "D $I sleep 100; $E pause $N >/dev/null; $E inspect --format '{{.State.Status}} {{.State.Paused}}' $N; $E unpause $N >/dev/null; $E inspect --format '{{.State.Status}}' $N",
    ],
    ['wait', "D $I sh -c 'exit 9'; $E wait $N"],
    [
      'rm',
      'D $I true; $E wait $N >/dev/null; $E rm $N | sed "s/$N/name/"; $E inspect $N >/dev/null 2>&1 || echo gone',
    ],
    ['rm -f', `D $I ${LOOP}; $E rm -f $N | sed "s/$N/name/"; $E rm -f $N 2>/dev/null`],
    [
      'rename',
      'D $I sleep 100; $E rename $N $N-new; $E inspect --format "{{.Name}}" $N-new | sed "s/$N/name/"; $E rm -f -t 0 $N-new >/dev/null',
    ],
    [
      'update --cpus, --pids-limit',
      "D $I sleep 100; $E update --cpus 0.5 --pids-limit 60 $N | grep -cE '^[0-9a-f]{64}$'; $E exec $N cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max; $E inspect --format '{{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}' $N; $E update --pids-limit -1 $N >/dev/null; $E exec $N cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max",
    ],
    [
      'update of one that does not run',
      'C $I cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max; $E update --cpus 0.5 --pids-limit 60 $N >/dev/null; $E start -a $N',
    ],
    [
      'update --restart',
      "D $I sleep 100; $E update --restart on-failure:3 $N >/dev/null; $E inspect --format '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' $N",
    ],
    ['update of one that is not there', '$E update --cpus 1 no-such-container 2>/dev/null'],
  ]),
  {
    area: 'life',
    what: 'update --memory',
    script:
      'D $I sleep 100; $E update --memory 96m $N | wc -c; $E exec $N sh -c \'cat /sys/fs/cgroup/memory.max; awk "/MemTotal/ {print \\$2}" /proc/meminfo\'; $E inspect --format "{{.HostConfig.Memory}}" $N',
    differs: {
      podman: "changes the container's limit; the host's kernel takes memory above it back",
      thaw: "changes the domain's size; the guest's kernel grows, or gives memory back",
      why: "the limit is Xen's, as with run --memory",
    },
    prints: {
      podman: /^65\n100663296\n\d{7,}\n100663296\nstatus 0$/,
      thaw: /^65\nmax\n[89]\d{4}\n100663296\nstatus 0$/,
    },
  },
  {
    area: 'life',
    what: 'update to nothing that can be',
    script:
      'C $I true; for w in "--memory x" "--cpus x" "--pids-limit x"; do $E update $w $N >/dev/null 2>&1; echo $?; done; $E update $N >/dev/null 2>&1',
    differs: {
      podman: 'status 125; without an option nothing happens',
      thaw: 'status 2, also without an option',
      why: '2 is the status of each command line that thaw cannot understand',
    },
    prints: { podman: /^125\n125\n125\nstatus 0$/, thaw: /^2\n2\n2\nstatus 2$/ },
  },
  ...same('looking', [
    [
      'ps',
      'D $I sleep 100; $E ps --filter name=$N --format "{{.Names}} {{.State}} {{.Command}}" | sed "s/$N/name/"',
    ],
    [
      'ps -a --filter',
      "D $I sh -c 'exit 3'; $E wait $N; $E ps -a -q --filter name=$N --filter exited=3 | wc -l; $E ps -a -q --filter name=$N --filter status=running | wc -l",
    ],
    [
      'ps --filter label',
      'D -l tier=x $I sleep 100; $E ps -q --filter label=tier=x | wc -l; $E ps -q --filter label=tier=y | wc -l',
    ],
    [
      'logs',
      "D $I sh -c 'echo out; echo err >&2'; $E wait $N >/dev/null; $E logs $N 2>/dev/null; $E logs $N 2>&1 >/dev/null",
    ],
    ['logs --tail', "D $I sh -c 'seq 9'; $E wait $N >/dev/null; $E logs --tail 2 $N"],
    [
      'logs -t',
      "D $I echo one; $E wait $N >/dev/null; $E logs -t $N | sed -E 's/^[0-9-]+T[0-9:]+.[0-9]+[+Z][0-9:]* /TIME /'",
    ],
    [
      'logs --since',
      'D $I echo one; $E wait $N >/dev/null; $E logs --since 1h $N; $E logs --since 2099-01-01T00:00:00Z $N',
    ],
    ['logs -f', "D $I sh -c 'echo a; sleep 1; echo b'; $E logs -f $N"],
    [
      'top',
      "D $I sh -c 'sleep 100 & wait'; sleep 1; $E top $N pid ppid user args | awk '{$1=$1};1'",
    ],
    [
      'stats',
      'D $I sleep 100; $E stats --no-stream --format "{{.Name}} {{.PIDs}}" $N | sed "s/$N/name/"',
    ],
    [
      'inspect',
      "D -w /tmp -e A=1 --restart always $I sleep 100; $E inspect --format '{{.Config.WorkingDir}} {{.State.Running}} {{.HostConfig.RestartPolicy.Name}} {{.Path}} {{.Args}} {{.Config.Tty}} {{.Config.StopTimeout}}' $N",
    ],
  ]),
  ...same('exec', [
    [
      'status and streams',
      "D $I sleep 100; $E exec $N sh -c 'echo out; echo err >&2; exit 7' 2>/dev/null",
    ],
    ['-i', 'D $I sleep 100; echo fed | $E exec -i $N cat'],
    [
      '-e, -w, -u',
      "D -e A=1 $I sleep 100; $E exec -e B=2 -w /tmp -u 1000:100 $N sh -c 'echo $A $B; pwd; id -u; id -g'",
    ],
    [
      '-d',
      'D $I sleep 100; $E exec -d $N touch /tmp/there >/dev/null; for i in $(seq 60); do $E exec $N ls /tmp/there 2>/dev/null && break; sleep 1; done',
    ],
    ['a command that is not there', 'D $I sleep 100; $E exec $N nosuch 2>/dev/null'],
    ['a command that cannot be executed', 'D $I sleep 100; $E exec $N /etc 2>/dev/null'],
  ]),
  {
    area: 'exec',
    what: 'in one that does not run',
    script: 'D $I true; $E wait $N >/dev/null; $E exec $N true 2>/dev/null',
    differs: {
      podman: 'status 255',
      thaw: 'status 125',
      why: '125 is the status of all other failures of thaw',
    },
    prints: { podman: /^status 255$/, thaw: /^status 125$/ },
  },
  ...same('images', [
    [
      'tag, untag',
      '$E tag $I localhost/compat/a:1 localhost/compat/a:2; $E images --format "{{.Repository}}:{{.Tag}} {{.ID}}" --filter reference=localhost/compat/a | grep compat | sort; $E untag $I localhost/compat/a:1; $E images -q localhost/compat/a; $E untag $I localhost/compat/a:2; $E images -q localhost/compat/a',
    ],
    ['image exists', '$E image exists $I; echo $?; $E image exists no-such-image; echo $?'],
    [
      'image inspect',
      "$E image inspect --format '{{.Id}} {{.Architecture}} {{.Os}} {{json .Config.Cmd}} {{json .RootFS.Layers}}' $I",
    ],
    [
      'inspect --type image',
      "$E inspect --type image --format '{{.Id}}' $I; $E inspect -f '{{.Id}}' $I",
    ],
    ['images -q --no-trunc', '$E images -q --no-trunc --filter id=$I | sort -u'],
    [
      'save, load',
      '$E tag $I localhost/compat/s:1; $E save localhost/compat/s:1 2>/dev/null | $E load 2>/dev/null; $E image inspect --format "{{.Id}}" localhost/compat/s:1; $E untag $I localhost/compat/s:1',
    ],
    [
      'save -o, load -i',
      '$E tag $I localhost/compat/o:1; $E save -q -o /tmp/$N.tar localhost/compat/o:1; $E untag $I localhost/compat/o:1; $E load -q -i /tmp/$N.tar; $E image inspect --format "{{.Id}}" localhost/compat/o:1; $E untag $I localhost/compat/o:1; rm /tmp/$N.tar',
    ],
    [
      'push',
      '$E push -q $I dir:/tmp/$N.dir 2>/dev/null; echo $?; skopeo inspect --config --raw dir:/tmp/$N.dir | sha256sum; rm -r /tmp/$N.dir',
    ],
    ['rmi of one that is not there', '$E rmi no-such-image 2>/dev/null'],
    ['rmi -i of one that is not there', '$E rmi -i no-such-image'],
    ['rmi of one that is used', 'D $I sleep 100; $E rmi $I 2>/dev/null'],
    [
      'image prune, system prune: no',
      'echo n | $E image prune >/dev/null; echo $?; echo n | $E system prune >/dev/null; echo $?',
    ],
    ['system df', "$E system df --format '{{.Type}}' | head -n 2"],
    ['history', "$E history --no-trunc --format '{{.CreatedBy}}' $I"],
  ]),
  {
    area: 'images',
    what: 'an image of docker’s saved as an oci-archive',
    script:
      '$E save -q $I | $E load >/dev/null 2>&1; $E save -q --format oci-archive -o /tmp/$N.tar $I; skopeo inspect --config --raw oci-archive:/tmp/$N.tar | sha256sum | grep -c ^$($E image inspect --format "{{.Id}}" $I); rm /tmp/$N.tar; true',
    differs: {
      podman: 'the loaded image has another id',
      thaw: 'the loaded image has the same id',
      why: 'thaw does not rewrite the config',
    },
    prints: { podman: /^0\nstatus 0$/, thaw: /^1\nstatus 0$/ },
  },
  ...same('files', [
    [
      'cp into a container: file, folder, contents, new name',
      "D $I sleep 100; rm -rf /tmp/cpt; mkdir -p /tmp/cpt/s; echo a >/tmp/cpt/a; echo b >/tmp/cpt/s/b; $E cp /tmp/cpt/a $N:/tmp; $E cp /tmp/cpt $N:/tmp; $E cp /tmp/cpt/. $N:/tmp/c; $E cp /tmp/cpt/a $N:/tmp/new; $E exec $N sh -c 'cd /tmp; find . | sort; cat a cpt/s/b c/a new; stat -c %u:%g a'",
    ],
    [
      'cp out of a container',
      "D $I sleep 100; rm -rf /tmp/cpo; mkdir /tmp/cpo; $E exec $N sh -c 'mkdir -p /d/s; echo x >/d/s/x; ln -s s/x /d/l; ln -s /d /to'; $E cp $N:/d /tmp/cpo; $E cp $N:/d/. /tmp/cpo/c; $E cp $N:/to /tmp/cpo/to; $E cp $N:/d/l /tmp/cpo/f; cd /tmp/cpo; find . | sort; cat d/s/x c/l f; readlink d/l",
    ],
    [
      'cp of streams',
      'D $I sleep 100; echo q >/tmp/cpq; tar -C /tmp -cf - cpq | $E cp - $N:/tmp; $E cp $N:/tmp/cpq - | tar -xOf -',
    ],
    [
      'cp of what is not there',
      'D $I sleep 100; $E cp $N:/none /tmp 2>/dev/null; echo $?; $E cp /none $N:/tmp 2>/dev/null; echo $?; $E cp /etc/passwd $N:/none/x 2>/dev/null; echo $?; $E cp /etc $N:/etc/passwd 2>/dev/null; echo $?; $E cp $N:/etc /etc/passwd 2>/dev/null',
    ],
    [
      'cp to and from one that does not run',
      'C $I cat /given; echo g >/tmp/cpg; $E cp /tmp/cpg $N:/given; $E start -a $N; $E cp $N:/given - | tar -xOf -',
    ],
    [
      'export',
      "D $I sh -c 'echo e >/e; sleep 100'; sleep 1; $E export $N | tar -tf - | sed 's,^[.]/,,' | grep -E '^(e|bin/busybox|etc/passwd)$' | sort; $E export -o /tmp/cpe.tar $N; tar -xOf /tmp/cpe.tar e ./e 2>/dev/null",
    ],
    [
      'commit',
      "D $I sh -c 'echo c >/c; rm /etc/passwd; sleep 100'; sleep 1; $E commit -q -c 'CMD [\"cat\", \"/c\"]' $N localhost/compat/c:1 | wc -c; P --rm localhost/compat/c:1; P --rm localhost/compat/c:1 sh -c 'ls /etc/passwd 2>/dev/null; echo $?'; $E image inspect --format '{{.Config.Cmd}}' localhost/compat/c:1; $E rmi localhost/compat/c:1 >/dev/null 2>&1",
    ],
    [
      'commit --pause',
      "D $I sh -c 'echo c >/c; sleep 100'; sleep 1; $E commit -p -q $N localhost/compat/p:1 | wc -c; P --rm localhost/compat/p:1 cat /c; $E exec $N cat /c; $E rmi localhost/compat/p:1 >/dev/null 2>&1",
    ],
    [
      'diff',
      "D $I sh -c 'echo e >/e; rm /etc/passwd; mkdir /etc/n; sleep 100'; sleep 1; $E diff $N | grep -vE ' /(tmp|var|root)' | sort",
    ],
  ]),
  ...same('networks', [
    [
      '-p HOST:PORT',
      'D4 -p 8181:80 $I sleep 100; $E port $N; $E ps --filter name=$N --format "{{.Ports}}"',
    ],
    ['-p IP:HOST:PORT/udp', 'D4 -p 127.0.0.1:8182:53/udp $I sleep 100; $E port $N 53/udp'],
    [
      'network create, inspect, rm',
      '$E network create --subnet 10.201.0.0/24 $N | sed "s/$N/name/"; $E network inspect --format "{{.Name}} {{.Driver}} {{.Internal}}" $N | sed "s/$N/name/"; $E network rm $N | sed "s/$N/name/"',
    ],
    [
      'a name that others find',
      '$E network create --subnet 10.203.0.0/24 $N >/dev/null; P -d --name $N-a --network $N --network-alias db $I sleep 100 >/dev/null; sleep 2; P --rm --network $N $I nslookup db 2>/dev/null | grep -A1 "Name:" | grep -c 10.203; $E rm -f -t 0 $N-a >/dev/null; $E network rm $N >/dev/null',
    ],
    ['--network none', "W --network none $I ip -4 -o addr show | grep -c 'inet '"],
  ]),
  {
    area: 'networks',
    what: '--network host',
    script: 'P --rm --network host $I true 2>/dev/null',
    differs: {
      podman: "the container is in the host's network",
      thaw: 'refuses',
      why: 'a domain has a network interface of its own',
    },
    prints: { podman: /^status 0$/, thaw: /^status 2$/ },
  },
  {
    area: 'networks',
    what: 'a port in use',
    script: 'D4 -p 8183:80 $I sleep 100; P --rm -p 8183:80 $I true 2>/dev/null',
    differs: {
      podman: 'status 126',
      thaw: 'status 125',
      why: '126 is for commands that cannot be executed',
    },
    prints: { podman: /^status 126$/, thaw: /^status 125$/ },
  },
  ...same('pods', [
    [
      'pod create, run --pod: one hostname',
      'PC >/dev/null; PR --rm $I hostname | sed "s/$N/name/"; PR --rm $I cat /etc/hostname | sed "s/$N/name/"',
    ],
    [
      'its containers reach each other on its loopback',
      `PC >/dev/null; PR -d --name $N $I sh -c 'mkdir /w; echo page >/w/i; exec httpd -f -p 81 -h /w' >/dev/null; PR --rm $I sh -c 'until wget -q -O- http://127.0.0.1:81/i 2>/dev/null; do sleep 0.2; done'`,
    ],
    [
      'each has its own files and processes',
      `PC >/dev/null; PR -d --name $N $I sh -c 'touch /mine; exec sleep 4321' >/dev/null; PR --rm $I sh -c 'ls /mine 2>/dev/null; ps | grep -c "[s]leep 4321"'`,
    ],
    [
      'pod ps, through its life',
      `S() { $E pod ps --filter name=$N-pod --format '{{.Status}}'; }; PC >/dev/null; S; PR -d --name $N $I ${LOOP} >/dev/null; S; $E stop $N >/dev/null; S; $E start $N >/dev/null; S; $E pod stop $N-pod >/dev/null; S; $E pod start $N-pod >/dev/null; S; $E pod pause $N-pod >/dev/null; S; $E pod unpause $N-pod >/dev/null; S`,
    ],
    [
      'pod kill, pod rm',
      `PC >/dev/null; PR -d --name $N $I ${LOOP} >/dev/null; $E pod kill $N-pod | wc -c; $E wait $N; $E pod rm -f $N-pod | wc -c; $E ps -a --filter name=$N --format '{{.Names}}'`,
    ],
    [
      'ps --format, its pod',
      `PC >/dev/null; PR -d --name $N $I sleep 100 >/dev/null; $E ps --filter pod=$N-pod --filter name=$N --format '{{.PodName}}' | grep -v infra | sed "s/$N/name/" | sort -u`,
    ],
    [
      'run --pod -v: a volume of several containers, a file of the host',
      `PC >/dev/null; echo told >/tmp/compat.told; PR -d --name $N -v compat:/v $I sh -c 'echo one >/v/f; exec sleep 1000' >/dev/null; PR --rm -v compat:/w:ro -v /tmp/compat.told:/told $I sh -c 'until cat /w/f 2>/dev/null; do sleep 0.2; done; touch /w/g 2>/dev/null || echo read-only; cat /told; echo more >>/told'; cat /tmp/compat.told; $E volume rm compat 2>/dev/null || echo in use; $E rm -f -t 0 $N >/dev/null; $E volume rm compat`,
    ],
    [
      'pause, unpause of one container',
      `S() { $E inspect --format '{{.State.Status}}' $1; }; PC >/dev/null; PR -d --name $N $I ${LOOP} >/dev/null; PR -d --name $N-2 $I ${LOOP} >/dev/null; $E pause $N >/dev/null; S $N; S $N-2; $E pod ps --filter name=$N-pod --format '{{.Status}}'; $E exec $N true 2>/dev/null || echo refused; $E pause $N 2>/dev/null || echo refused; $E exec $N-2 echo on; $E unpause $N >/dev/null; S $N; $E exec $N echo on; $E rm -f -t 0 $N-2 >/dev/null`,
    ],
    ['pod exists', 'PC >/dev/null; $E pod exists $N-pod; echo $?; $E pod exists no-such-pod'],
    ['a name in use', 'PC >/dev/null; PC 2>/dev/null'],
    ['run --pod of one that is not there', '$E run --rm --pod no-such-pod $I true 2>/dev/null'],
    [
      'pod inspect, start, stop, rm of one that is not there',
      'for v in inspect start stop rm; do $E pod $v no-such-pod >/dev/null 2>&1; echo $?; done',
    ],
  ]),
  {
    area: 'pods',
    what: 'pod ps, number of containers',
    script: `PC >/dev/null; PR -d --name $N $I sleep 100 >/dev/null; $E pod ps --filter name=$N-pod --format '{{.NumberOfContainers}}'`,
    differs: {
      podman: "counts the pod's infra container",
      thaw: 'counts no infra container',
      why: 'a pod of thaw has none; its domain keeps the network and the names',
    },
    prints: { podman: /^2\nstatus 0$/, thaw: /^1\nstatus 0$/ },
  },
  {
    area: 'pods',
    what: '--share pid',
    script: `PC --share net,pid >/dev/null; PR -d --name $N $I sleep 4321 >/dev/null; PR --rm $I sh -c 'ps | grep -c "[s]leep 4321"; ps | grep -c "[k]threadd"'`,
    differs: {
      podman: "a container sees the pod's processes; process 1 is the infra container's",
      thaw: 'a container sees all processes of the guest and its kernel threads; process 1 is the agent',
      why: 'the guest runs nothing but the pod',
    },
    prints: { podman: /^1\n0\nstatus 1$/, thaw: /^1\n1\nstatus 0$/ },
  },
  ...same('errors', [
    ['exit statuses', 'for s in 0 1 42 255; do R $I sh -c "exit $s"; echo $?; done'],
    ['death by a signal', "D $I sh -c 'kill -9 $$; sleep 100'; $E kill $N >/dev/null; $E wait $N"],
    ['a command that is not there', 'R $I nosuch 2>/dev/null'],
    ['a command that cannot be executed', 'R $I /etc 2>/dev/null'],
    ['an image that is not there', '$E run --rm --pull never no-such-image true 2>/dev/null'],
    ['a name in use', 'D $I sleep 100; R --name $N $I true 2>/dev/null'],
    ['rm of one that is not there', '$E rm no-such-container 2>/dev/null'],
    ['rm of one that runs', 'D $I sleep 100; $E rm $N 2>/dev/null'],
    [
      'stop, logs, inspect of one that is not there',
      'for v in stop logs inspect; do $E $v no-such-container >/dev/null 2>&1; echo $?; done',
    ],
    ['pause of one that does not run', 'C $I true; $E pause $N 2>/dev/null'],
  ]),
  {
    area: 'errors',
    what: 'an option that is not there',
    script: '$E run --no-such-option $I true 2>/dev/null',
    differs: {
      podman: 'status 125',
      thaw: 'status 2',
      why: '2 is the status of each command line that thaw cannot understand',
    },
    prints: { podman: /^status 125$/, thaw: /^status 2$/ },
  },
];
