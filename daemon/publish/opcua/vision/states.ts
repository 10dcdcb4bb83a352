/**
 * The states of a vision system and every way between them, as OPC 40100-1 numbers them (8.2.6, 8.3.6): pure tables.
 * A system is in one leaf state at a time; each state of the automatic mode lies inside `Operational`. What is not in
 * the tables is illegal and is refused.
 */

export const stateNumbers = {
  Preoperational: 1,
  Halted: 2,
  Error: 3,
  Operational: 4,
  Initialized: 5,
  Ready: 6,
  SingleExecution: 7,
  ContinuousExecution: 8,
} as const;
export type StateName = keyof typeof stateNumbers;

export const automaticStates = ['Initialized', 'Ready', 'SingleExecution', 'ContinuousExecution'] as const;
export type AutomaticState = (typeof automaticStates)[number];

/** Where a system can be: `Operational` is never alone. */
export type Leaf = Exclude<StateName, 'Operational'>;
export const leaves: readonly Leaf[] = ['Preoperational', 'Halted', 'Error', ...automaticStates];

export function isAutomatic(state: StateName): state is AutomaticState {
  return stateNumbers[state] > stateNumbers.Operational;
}

/** The state that the top state machine shows. */
export function topOf(leaf: Leaf): Exclude<StateName, AutomaticState> {
  return isAutomatic(leaf) ? 'Operational' : leaf;
}

/** The methods that the states rule. */
export const methods = [
  'Reset',
  'Halt',
  'SelectModeAutomatic',
  'ConfirmAll',
  'StartSingleJob',
  'StartContinuous',
  'Stop',
  'Abort',
  'SimulationMode',
  'PrepareRecipe',
  'UnprepareRecipe',
] as const;
export type Method = (typeof methods)[number];

/** What the standard lets a transition raise. */
export type Effect = 'StateChanged' | 'Error' | 'ErrorResolved' | 'JobStarted' | 'Ready' | 'RecipePrepared';

export interface Transition {
  /** Its BrowseName in the type. */
  readonly name: string;
  readonly number: number;
  readonly from: StateName;
  readonly to: StateName;
  /** The method that causes it; null where the system moves by itself. */
  readonly cause: Method | null;
  readonly effects: readonly Effect[];
}

function row(
  name: string,
  number: number,
  [from, to]: readonly [StateName, StateName],
  cause: Method | null = null,
  effects: readonly Effect[] = [],
): Transition {
  return { name, number, from, to, cause, effects: ['StateChanged', ...effects] };
}

/**
 * Left out of the standard's rows: those to `Operational` without a mode of its own (140, 141), since ours is always
 * the automatic one, and those of PrepareProduct and UnprepareProduct (562, 652), which we do not have. 430 raises
 * Error as 130 does, which 8.2.9.2 asks for and the type does not say.
 */
export const transitions: readonly Transition[] = [
  row('PreoperationalToHalted', 121, ['Preoperational', 'Halted'], 'Halt'),
  row('PreoperationalToHaltedAuto', 120, ['Preoperational', 'Halted']),
  row('PreoperationalToErrorAuto', 130, ['Preoperational', 'Error'], null, ['Error']),
  row('PreoperationalToInitialized', 151, ['Preoperational', 'Initialized'], 'SelectModeAutomatic'),
  row('PreoperationalToInitializedAuto', 150, ['Preoperational', 'Initialized']),
  row('HaltedToPreoperational', 211, ['Halted', 'Preoperational'], 'Reset'),
  row('HaltedToPreoperationalAuto', 210, ['Halted', 'Preoperational']),
  row('ErrorToPreoperational', 311, ['Error', 'Preoperational'], 'Reset'),
  row('ErrorToPreoperationalAuto', 310, ['Error', 'Preoperational']),
  row('ErrorToHalted', 321, ['Error', 'Halted'], 'Halt'),
  row('ErrorToHaltedAuto', 320, ['Error', 'Halted']),
  row('ErrorToOperationalAuto', 340, ['Error', 'Operational'], null, ['ErrorResolved']),
  row('OperationalToPreoperational', 411, ['Operational', 'Preoperational'], 'Reset'),
  row('OperationalToPreoperationalAuto', 410, ['Operational', 'Preoperational']),
  row('OperationalToHalted', 421, ['Operational', 'Halted'], 'Halt'),
  row('OperationalToHaltedAuto', 420, ['Operational', 'Halted']),
  row('OperationalToErrorAuto', 430, ['Operational', 'Error'], null, ['Error']),
  row('InitializedToReadyRecipe', 561, ['Initialized', 'Ready'], 'PrepareRecipe', ['RecipePrepared']),
  row('InitializedToReadyAuto', 560, ['Initialized', 'Ready']),
  row('ReadyToInitializedRecipe', 651, ['Ready', 'Initialized'], 'UnprepareRecipe'),
  row('ReadyToInitializedAuto', 650, ['Ready', 'Initialized']),
  row('ReadyToSingleExecution', 671, ['Ready', 'SingleExecution'], 'StartSingleJob', ['JobStarted']),
  row('ReadyToSingleExecutionAuto', 670, ['Ready', 'SingleExecution'], null, ['JobStarted']),
  row('ReadyToContinuousExecution', 681, ['Ready', 'ContinuousExecution'], 'StartContinuous', ['JobStarted']),
  row('ReadyToContinuousExecutionAuto', 680, ['Ready', 'ContinuousExecution'], null, ['JobStarted']),
  row('SingleExecutionToReadyStop', 761, ['SingleExecution', 'Ready'], 'Stop', ['Ready']),
  row('SingleExecutionToReadyAbort', 762, ['SingleExecution', 'Ready'], 'Abort', ['Ready']),
  row('SingleExecutionToReadyAuto', 760, ['SingleExecution', 'Ready'], null, ['Ready']),
  row('ContinuousExecutionToReadyStop', 861, ['ContinuousExecution', 'Ready'], 'Stop', ['Ready']),
  row('ContinuousExecutionToReadyAbort', 862, ['ContinuousExecution', 'Ready'], 'Abort', ['Ready']),
  row('ContinuousExecutionToReadyAuto', 860, ['ContinuousExecution', 'Ready'], null, ['Ready']),
];

/** The leaf that a transition ends in: one to `Operational` enters the automatic mode where it begins. */
export function leafAfter(transition: Transition): Leaf {
  return transition.to === 'Operational' ? 'Initialized' : transition.to;
}

/**
 * Calls that are legal and move nothing. Reset "shall always be executable" (8.2.2.2) and is where it leads already;
 * a system that is Ready stays so while another recipe is prepared (7.5.2.2).
 */
const staying: Partial<Record<Method, readonly Leaf[]>> = {
  Reset: ['Preoperational'],
  ConfirmAll: leaves,
  PrepareRecipe: ['Ready'],
  SimulationMode: ['Ready'],
};

/** What a method does in a state: a transition, nothing (null), or it is illegal (undefined). */
export function callIn(leaf: Leaf, method: Method): Transition | null | undefined {
  const moving = transitions.find((each) => each.cause === method && leavesFrom(each, leaf));
  return moving ?? (staying[method]?.includes(leaf) ? null : undefined);
}

/**
 * The shortest way by itself from one leaf to another, empty where it is there; every leaf is reached from every other.
 * Within the automatic mode it stays there: a recipe that is gone is no restart.
 */
export function wayTo(from: Leaf, to: Leaf): Transition[] {
  const inside = isAutomatic(from) && isAutomatic(to);
  const ways = new Map<Leaf, Transition[]>([[from, []]]);
  for (const [leaf, way] of ways) {
    if (leaf === to) return way;
    for (const step of transitions) {
      if (inside && !isAutomatic(step.from)) continue;
      const next = leafAfter(step);
      if (step.cause === null && leavesFrom(step, leaf) && !ways.has(next)) ways.set(next, [...way, step]);
    }
  }
  return [];
}

function leavesFrom({ from }: Transition, leaf: Leaf): boolean {
  return from === leaf || (from === 'Operational' && isAutomatic(leaf));
}
