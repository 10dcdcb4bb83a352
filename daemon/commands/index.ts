/**
 * The commands there are. A command's code is loaded when it is called and not before: start is fast, and a library
 * that is broken on this machine cannot take `doctor` down with it.
 */
import type { Command } from './command.ts';

export interface Seat {
  readonly name: string;
  readonly summary: string;
}

/** In the order a newcomer meets them; each is the file of its name beside this one, exporting `command`. */
export const seats: readonly Seat[] = [
  { name: 'run', summary: 'judge parts and tell the plant, until stopped' },
  {
    name: 'status',
    summary: 'ask the running daemon: ready and why not, bundle, counters, cameras, links, last verdicts',
  },
  { name: 'teach', summary: 'make a bundle from a folder of good parts' },
  { name: 'data', summary: 'check a folder of recorded parts; bring other files into our layout' },
  { name: 'evaluate', summary: 'measure a bundle on parts whose truth is known' },
  { name: 'bench', summary: 'measure what the daemon adds to the bare inference' },
  {
    name: 'bundle',
    summary: 'list, show, verify, quantise and compare bundles, set thresholds, check teacher weights',
  },
  { name: 'camera', summary: 'list, show, watch and record cameras, bring in calibrations' },
  { name: 'config', summary: 'check, show and explain the configuration' },
  { name: 'audit', summary: 'who changed what, and whether the record of it is whole' },
  { name: 'fault', summary: 'list faults of the state folder, and acknowledge them' },
  { name: 'user', summary: 'who may log in, and with which role' },
  { name: 'opcua', summary: 'which OPC UA clients are trusted; the own certificate; the tags for a PLC tool' },
  { name: 'service', summary: 'install, remove and show the lines of this machine as services of systemd' },
  { name: 'doctor', summary: 'say what this machine can do' },
  { name: 'synthetic', summary: 'write a set of synthetic parts with their truth' },
  {
    name: 'distil',
    summary: 'make a compact teacher from pretrained weights, from procedural frames or from good parts',
  },
  { name: 'ablate', summary: 'what each choice of the method gives, one change at a time' },
  { name: 'figures', summary: "print the project's figures as JSON" },
];

export async function loadCommand(name: string): Promise<Command> {
  const file = (await import(/* @vite-ignore */ `./${name}.ts`)) as { command: Command };
  return file.command;
}
