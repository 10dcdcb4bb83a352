/**
 * `twinspect doctor`: what this machine can do, with the configuration it would run. Changes nothing that stays; a
 * check that breaks is a finding like any other.
 */
import { fail, messageOf } from '../../errors.ts';
import type { Args } from './args.ts';
import type { Command, Context } from './command.ts';
import { configFor } from './config.ts';
import { version } from './dispatch.ts';
import type { Finding } from './doctor/finding.ts';
import { libraryChecks } from './doctor/libraries.ts';
import { machineChecks } from './doctor/machine.ts';
import { plantChecks } from './doctor/plant.ts';
import { securityChecks } from './doctor/security.ts';
import { storageChecks } from './doctor/storage.ts';

const checks = [...machineChecks, ...libraryChecks, ...storageChecks, ...plantChecks, ...securityChecks];

export const command: Command = {
  name: 'doctor',
  summary: 'say what this machine can do',
  usage: ['doctor [--config FILE] [--json]'],
  options: {
    config: { type: 'string', value: 'FILE', doc: 'the configuration to check against; else TWINSPECT_CONFIG or none' },
    json: { type: 'boolean', doc: 'print JSON' },
  },
  async run(context: Context, args: Args) {
    args.atMost(0);
    const { config } = await configFor(context, args.text('config'));
    const findings: Finding[] = [];
    for (const check of checks) {
      context.signal.throwIfAborted();
      const found = await check.run(context, config).catch((error: unknown) => {
        return { status: 'fail' as const, text: messageOf(error) };
      });
      findings.push({ check: check.name, ...found });
    }
    await print(context, args.flag('json'), findings);
    const failed = findings.filter(({ status }) => status === 'fail').length;
    if (failed > 0) throw fail('doctor/problems', { count: failed, checks: findings.length });
  },
};

async function print(context: Context, json: boolean, findings: readonly Finding[]): Promise<void> {
  const release = await version(context);
  if (json) return context.stdout(JSON.stringify({ version: release, findings }, null, 2));
  context.stdout(`twinspect ${release}`);
  const width = Math.max(...findings.map(({ check }) => check.length));
  for (const { check, status, text, advice } of findings) {
    context.stdout(`${status.padEnd(4)}  ${check.padEnd(width)}  ${text}`);
    if (advice !== undefined) context.stdout(`${' '.repeat(width + 8)}${advice}`);
  }
}
