"""A real SLURM cluster of one or a few nodes, run as plain processes in one folder.

No root, systemd or cgroups are needed: munged, slurmctld and slurmd run in the foreground as
children of the test, each known by its pid, and listen on free ports of the loopback interface.
All nodes are this machine: each has its own slurmd, with its own port and spool folder.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from datetime import datetime
from pathlib import Path

from tweetrnn.supervision.ownership import die_with_parent

NODE = "node1"
CLIENTS = ["sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun"]
SYSTEM_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"

SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
# A requeued job may start again after cred_expire, 2 minutes if not said.
AuthInfo=socket={root}/munge.socket,cred_expire=5
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.%n.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
PropagateResourceLimits=NONE
# Without cgroups SLURM enforces memory limits by checking every second.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,sched_min_interval=0
GresTypes=gpu
MinJobAge=300
KillWait=30
SlurmdTimeout=20
SlurmctldTimeout=30
ReturnToService=2
JobRequeue=1
JobCompType=jobcomp/filetxt
JobCompLoc={root}/jobcomp.txt
# Two real cores may count as {cpus}.
SlurmdParameters=config_overrides
NodeName=DEFAULT CPUs={cpus} RealMemory={memory} Gres=gpu:1
{nodes}
# A job in the partition urgent preempts one in main, which is queued again.
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=DEFAULT Nodes=ALL MaxTime=INFINITE DefaultTime=10 DefMemPerCPU=500
PartitionName=main Default=YES PriorityTier=1
PartitionName=urgent PriorityTier=2
PartitionName=fragile PriorityTier=1 PreemptMode=CANCEL
PartitionName=short PriorityTier=1 MaxTime=10
"""


def free_ports(number):
    """Return that many unused TCP ports of the loopback interface."""
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_until(condition, seconds, what, every=0.05):
    """Return the first true value of ``condition()``; fail if there is none within ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(every)
    raise AssertionError(f"{what}: not within {seconds} s")


class Cluster:
    """One controller, nodes that have one (pretended) GPU each, no accounting.

    Args:
        nodes: how many. They are called node1 (``NODE``), node2 and so on; their daemons slurmd,
            slurmd2 and so on.
        cpus, memory: of each node; memory in MB.
    """

    def __init__(self, root, nodes=1, cpus=4, memory=8000):
        self.root = Path(root).resolve()
        self.node_of = {f"slurmd{n if n > 1 else ''}": f"node{n}" for n in range(1, nodes + 1)}
        self.cpus, self.memory = cpus, memory
        self.daemons = {}

    # -- starting and stopping

    def start(self):
        """Write the configuration, start the daemons, wait until the nodes take jobs."""
        self.root.mkdir(parents=True)
        self.root.chmod(0o755)
        for name in ["state", "spool"]:
            (self.root / name).mkdir()
        key = self.root / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        controller_port, *ports = free_ports(1 + len(self.node_of))
        host = socket.gethostname().split(".")[0]
        nodes = [
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port}"
            for node, port in zip(self.node_of.values(), ports, strict=True)
        ]
        (self.root / "slurm.conf").write_text(
            SLURM_CONF.format(
                root=self.root,
                host=host,
                user=subprocess.check_output(["id", "-un"], text=True).strip(),
                controller_port=controller_port,
                cpus=self.cpus,
                memory=self.memory,
                nodes="\n".join(nodes),
            )
        )
        # SLURM numbers GPUs by their device files, so it must be a device; any will do.
        (self.root / "gres.conf").write_text("Name=gpu File=/dev/null\n")
        # SLURM 22.05 needs to know a cgroup version even if no plugin uses cgroups.
        (self.root / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        self._write_clients()
        self.spawn("munged")
        wait_until(
            lambda: self._succeeds("munge", f"--socket={self.root}/munge.socket", "--no-input"),
            20,
            "munged answers",
        )
        self.spawn("slurmctld")
        wait_until(lambda: self._succeeds("scontrol", "ping"), 30, "slurmctld answers")
        for slurmd, node in self.node_of.items():
            self.spawn(slurmd)
            wait_until(lambda node=node: self.node_state(node) == "IDLE", 30, f"{node} is idle")

    def stop(self):
        """Cancel all jobs and end every daemon that ``start`` started."""
        if self.alive("slurmctld") and self.alive("slurmd"):
            self.cancel_all()
        for name in reversed(list(self.daemons)):
            self.kill(name, signal.SIGTERM)

    def cancel_all(self):
        """Cancel all jobs and wait until none of their processes is left."""
        self.run("scancel", *(job for job, _, _ in self.jobs()), check=False)
        wait_until(lambda: not self.jobs(), 60, "all jobs are gone", every=0.2)

    def spawn(self, name):
        """Start one of munged, slurmctld and the nodes' slurmd, slurmd2, ... (again)."""
        command = {
            "munged": [
                "munged",
                "--foreground",
                "--force",
                f"--key-file={self.root}/munge.key",
                f"--socket={self.root}/munge.socket",
                f"--pid-file={self.root}/munged.pid",
                f"--seed-file={self.root}/munge.seed",
                f"--log-file={self.root}/munged.log",
            ],
            "slurmctld": ["slurmctld", "-D"],
        } | {slurmd: ["slurmd", "-D", "-N", node] for slurmd, node in self.node_of.items()}
        with (self.root / f"{name}.out").open("a") as out:
            self.daemons[name] = subprocess.Popen(
                command[name],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=os.environ | {"SLURM_CONF": str(self.root / "slurm.conf"), "PATH": SYSTEM_PATH},
                start_new_session=True,
                preexec_fn=die_with_parent,  # a killed test leaves no cluster behind
            )

    def alive(self, name):
        """Whether that daemon runs."""
        return name in self.daemons and self.daemons[name].poll() is None

    def kill(self, name, number=signal.SIGKILL):
        """Signal one daemon and wait for its end; the processes of jobs continue."""
        process = self.daemons[name]
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait_until_saved(self, job):
        """Wait until the controller has saved that a job runs."""
        began = self.run("squeue", "--noheader", f"--jobs={job}", "--format=%S").strip()
        began, saved = datetime.fromisoformat(began).timestamp(), self.root / "state/job_state"
        wait_until(
            lambda: saved.exists() and saved.stat().st_mtime > began + 1,  # it is cut to seconds
            60,
            "slurmctld saves its state",
        )

    def _write_clients(self):
        """Write clients for this cluster into a folder for the PATH.

        Snakemake drops SLURM_CONF from a job's environment, so the variable alone is not enough; a
        real cluster has its slurm.conf in /etc instead.
        """
        folder = self.root / "bin"
        folder.mkdir()
        for client in CLIENTS:
            real = shutil.which(client, path=SYSTEM_PATH)
            script = folder / client
            script.write_text(f'#!/bin/sh\nSLURM_CONF={self.root}/slurm.conf exec {real} "$@"\n')
            script.chmod(0o755)

    # -- using it

    @property
    def environment(self):
        """The environment in which SLURM's commands reach this cluster."""
        return os.environ | {
            "PATH": f"{self.root}/bin:{SYSTEM_PATH}",
            "SLURM_CONF": str(self.root / "slurm.conf"),
        }

    def run(self, *command, check=True):
        """Return the standard output of a command in the cluster's environment."""
        done = subprocess.run(
            list(map(str, command)),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(map(str, command))}: {done.stderr}")
        return done.stdout

    def _succeeds(self, *command):
        done = subprocess.run(list(command), env=self.environment, capture_output=True, timeout=60)
        return done.returncode == 0

    def node_state(self, node=NODE):
        """Return a node's state, such as IDLE, MIXED or DRAINED."""
        shown = self.run("sinfo", "--noheader", f"--nodes={node}", "--format=%T", check=False)
        return shown.strip().upper()

    def jobs(self, ended=False):
        """Return (job id, state, comment) of each job; of ended ones too if ``ended``.

        Snakemake writes the rule and the wildcards into the comment.
        """
        states = ["--states=all"] if ended else []
        table = self.run("squeue", "--noheader", "--format=%i|%T|%k", *states)
        return [tuple(line.split("|", 2)) for line in table.splitlines()]

    def completed(self):
        """Return a dict for each time that a job ended, from SLURM's completion log."""
        log = self.root / "jobcomp.txt"
        lines = log.read_text().splitlines() if log.exists() else []
        return [
            dict(item.split("=", 1) for item in line.split(" ") if "=" in item) for line in lines
        ]
