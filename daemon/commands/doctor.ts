/**
 * `twinspect doctor`: what this machine can do, with the configuration it would run. Changes nothing that stays; a
 * check that breaks is a finding like any other.
 */

import { fail } from '../../errors.ts';
import { runChecks } from '../checks/finding.ts';
import { allChecks } from '../checks/index.ts';
import type { Args } from './args.ts';
import { failed, printFindings, surroundingsOf } from './checking.ts';
import type { Command, Context } from './command.ts';
import { configFor } from './config.ts';
import { version } from './dispatch.ts';

export const command: Command = {
  name: 'doctor',
  summary: 'say what this machine can do',
  usage: ['doctor [--config FILE] [--quick] [--json]'],
  options: {
    config: { type: 'string', value: 'FILE', doc: 'the configuration to check against; else TWINSPECT_CONFIG or none' },
    quick: { type: 'boolean', doc: 'files and ports alone: load no bundle, open no camera, ask nobody on the network' },
    json: { type: 'boolean', doc: 'print JSON' },
  },
  notes: ['Call it as the user of the service: another one may read and write other files.'],
  async run(context: Context, args: Args) {
    args.atMost(0);
    const { config } = await configFor(context, args.text('config'));
    const around = await surroundingsOf(context, config, args.flag('quick'));
    const findings = await runChecks(allChecks, around, config);
    const release = await version(context);
    if (args.flag('json')) context.stdout(JSON.stringify({ version: release, findings }, null, 2));
    else {
      context.stdout(`twinspect ${release}`);
      printFindings(context, findings);
    }
    if (failed(findings) > 0) throw fail('doctor/problems', { count: failed(findings), checks: findings.length });
  },
};
