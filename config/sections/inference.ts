/** What computes, and how long it may take. */
import { choiceKey, switchKey, wholeKey } from '../key.ts';

export const inference = {
  provider: choiceKey({
    doc: 'What computes. The bundle must hold a variant for it.',
    values: ['cpu', 'tensorrt'],
    default: 'cpu',
    takes: 'restart',
  }),
  precision: choiceKey({
    doc:
      'Which variant of the bundle computes. `auto`: the fastest it holds that this machine runs well; eight bits on ' +
      'the CPU only where it multiplies bytes in one instruction (VNNI, or the dot product of arm64), else fp32.',
    values: ['fp32', 'int8', 'fp16', 'auto'],
    default: 'fp32',
    takes: 'restart',
  }),
  threads: wholeKey({
    doc: 'Threads of one inference; 0 takes as many as there are cores.',
    default: 0,
    unit: 'threads',
    min: 0,
    max: 64,
    takes: 'restart',
  }),
  spinning: switchKey({
    doc: 'Let idle inference threads spin: a little faster, and a core is never free for anything else.',
    default: false,
    takes: 'restart',
  }),
  timeoutMs: wholeKey({
    doc:
      'An inference that takes longer is hung: its host process is killed and replaced. The part itself is ' +
      "closed by the line's deadline, whichever is first.",
    default: 5000,
    unit: 'ms',
    min: 20,
    max: 120_000,
    takes: 'restart',
  }),
  graceMs: wholeKey({
    doc:
      'An inference whose part was given up may still end by itself for so long, or for two warm runs if that is ' +
      'more; then its host process is killed, and a new one costs more parts. Longer on a machine that is starved.',
    default: 250,
    unit: 'ms',
    min: 0,
    max: 60_000,
    takes: 'restart',
  }),
  loadTimeoutMs: wholeKey({
    doc:
      'From the start of a host process to a bundle that serves. Where the host is killed for it twice in a row, the ' +
      'limit widens to what loading was measured to need, ten times this at most; the log says so.',
    default: 60_000,
    unit: 'ms',
    min: 1000,
    max: 600_000,
    takes: 'restart',
  }),
  restartBackoffMs: wholeKey({
    doc: 'Wait before a host that died is started again; doubles with each death in a row, up to a minute.',
    default: 250,
    unit: 'ms',
    min: 10,
    max: 60_000,
    takes: 'restart',
  }),
};
