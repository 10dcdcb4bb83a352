/** Checks of the broker: the files that are named, and a real connection with TLS and login, as the daemon's. */
import type { Config } from '../../config/schema.ts';
import { clientIdOf } from '../publish/mqtt/settings.ts';
import { brokerFiles } from '../supervise/broker-files.ts';
import { type Check, type Found, foundError, type Surroundings, troubles } from './finding.ts';
import { portFree } from './port-free.ts';

export const broker: Check = {
  name: 'mqtt',
  async run(around, config) {
    const { mqtt } = config;
    if (!mqtt.enabled) return { status: 'ok', text: 'switched off' };
    if (mqtt.url === '') {
      const port = { key: 'mqtt.embeddedPort', host: '127.0.0.1', port: mqtt.embeddedPort };
      return portFree(around, { ...port, what: 'The embedded MQTT broker' });
    }
    const files = await fileFindings(around, config);
    const bad = files.filter(({ status }) => status !== 'ok');
    if (bad.length > 0) return bad;
    if (around.quick) return { status: 'ok', text: `${mqtt.url}, not asked; its files are good` };
    return connected(around, config);
  },
};

/** Each file that is named, read and looked into as at the start. */
async function fileFindings(around: Surroundings, config: Config): Promise<readonly Found[]> {
  const { tls, readPassword } = namedFiles(around, config);
  const { readTls } = await import('../publish/mqtt/tls-files.ts');
  const found: Found[] = [];
  const look = async (key: string, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => found.push(foundError(error, key)));
  };
  await look('mqtt.passwordFile', async () => readPassword?.());
  const { caFile, certFile, keyFile } = config.mqtt.tls;
  // One after the other, so that a wrong authority does not hide a wrong key.
  const none = { caFile: '', certFile: '', keyFile: '' };
  const wallMs = around.clock.wallMs();
  if (caFile !== '') await look('mqtt.tls.caFile', async () => readTls(tls({ ...none, caFile }), wallMs));
  if (certFile !== '' || keyFile !== '')
    await look('mqtt.tls.certFile or keyFile', async () => readTls(tls({ ...none, certFile, keyFile }), wallMs));
  return troubles(found, 'files are good');
}

function namedFiles({ cwd, env, files }: Surroundings, config: Config) {
  return brokerFiles(config.mqtt, { cwd, credentials: env['CREDENTIALS_DIRECTORY'] ?? null }, files);
}

async function connected(around: Surroundings, config: Config): Promise<Found> {
  const { mqtt, line } = config;
  const { tls, readPassword } = namedFiles(around, config);
  const { tryBroker } = await import('../publish/mqtt/trial.ts');
  const clientId = `${clientIdOf({ ...mqtt, device: '' } as never, line.id)}-check`;
  const outcome = await tryBroker(
    {
      ...{ url: mqtt.url, clientId, protocol: mqtt.protocol, tls: tls(mqtt.tls) },
      user: mqtt.username === '' ? null : mqtt.username,
      password: readPassword,
    },
    around.clock,
  );
  if (outcome.kind === 'accepted')
    return { status: 'ok', text: `broker ${mqtt.url} answers: MQTT ${outcome.protocol}` };
  const text = `broker ${mqtt.url}: ${outcome.cause}`;
  // Absent, it may come: the daemon starts without it. What refuses us will do so for ever.
  if (outcome.kind === 'absent') {
    return {
      status: 'warn',
      text,
      advice: 'Start the broker or correct mqtt.url; until then records wait in the journal.',
    };
  }
  return {
    status: 'fail',
    text,
    advice: 'Correct what it names; the daemon would start and never reach it.',
    code: 'mqtt/link',
  };
}
