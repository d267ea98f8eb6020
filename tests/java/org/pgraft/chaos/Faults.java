package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.List;

/** All the faults there are. */
final class Faults {
  private static final List<Fault> ALL = List.of(
      new KillServers("kill9_leader", KillServers.Whom.LEADER),
      new KillServers("kill9_follower", KillServers.Whom.FOLLOWER),
      new KillServers("kill9_all", KillServers.Whom.ALL),
      new SignalWorker("worker_kill9", "KILL"),
      new SignalWorker("worker_segv", "SEGV"),
      new SignalWorker("worker_abort", "ABRT"),
      new Pause("worker_pause", false),
      new Pause("node_pause", true),
      new Cut("isolate_leader", Cut.Shape.LEADER),
      new Cut("isolate_follower", Cut.Shape.FOLLOWER),
      new Cut("partition_halves", Cut.Shape.HALVES),
      new Cut("one_way_cut", Cut.Shape.ONE_WAY),
      new Cut("bridge", Cut.Shape.BRIDGE),
      new Cut("packet_loss", Cut.Shape.LOSS),
      new IdleLeader("isolate_idle_leader", false),
      new IdleLeader("pause_idle_leader", true),
      new PatientLeader("isolate_patient_leader"),
      new LostAnswers("lost_answers"),
      new Restart("clean_restart_leader", false),
      new Restart("rolling_restart", true),
      new TransferLeadership("transfer_leadership"),
      new TakeSnapshots("snapshot"),
      new ChangeMembers("membership"),
      new PowerCut("power_cut", false),
      new PowerCut("power_cut_all", true),
      new SecondVote("power_cut_after_vote"),
      new BreakDisk("disk_full", true),
      new BreakDisk("disk_errors", false),
      new DamageFollower("damage_follower"),
      new SlowLinks("delay", SlowLinks.Kind.DELAY),
      new SlowLinks("low_bandwidth", SlowLinks.Kind.LOW_BANDWIDTH),
      new HeapExhaustion("heap_exhaustion"),
      new DescriptorExhaustion("descriptor_exhaustion"),
      new ThreadDeath(),
      new EngineHang("engine_hang"),
      new ClockOffset("clock_offset"),
      new ClockRate("clock_rate", false),
      new ClockRate("clock_rate_patient_leader", true));

  private Faults() {}

  /**
   * The faults of those names, in the order in which they stand here.
   *
   * @param names none for all
   */
  static List<Fault> named(List<String> names) {
    List<String> unknown = new ArrayList<>(names);
    unknown.removeAll(ALL.stream().map(Fault::name).toList());
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException("no faults of the names " + unknown + "; there are "
          + ALL.stream().map(Fault::name).toList());
    }
    return ALL.stream().filter(fault -> names.isEmpty() || names.contains(fault.name())).toList();
  }
}
