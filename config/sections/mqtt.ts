/** The broker and what is said there. */
import { pathKey, switchKey, textKey, wholeKey } from '../key.ts';
import { idExpected } from '../words.ts';

const urlExpected = 'mqtt://HOST or mqtt://HOST:PORT without user or password, or empty for the embedded broker';
const urlPattern = /^$|^mqtt:\/\/[^\s/@?#]+\/?$/;

export const mqtt = {
  enabled: switchKey({ doc: 'Publish over MQTT.', default: true, takes: 'restart' }),
  url: textKey({
    doc: 'The broker. Empty starts a broker of our own on loopback, for a first look and for tests.',
    default: '',
    expected: urlExpected,
    matches: urlPattern,
    show: () => 'an address of another form (not shown: it may hold a password)',
    takes: 'restart',
  }),
  embeddedPort: wholeKey({
    doc: 'Port of the embedded broker on 127.0.0.1; 0 takes a free one and prints it.',
    default: 1883,
    min: 0,
    max: 65_535,
    takes: 'restart',
  }),
  prefix: textKey({
    doc: 'First level of every topic.',
    default: 'twinspect',
    expected: `${idExpected}; levels separated by "/"`,
    matches: /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(\/[A-Za-z0-9][A-Za-z0-9._-]{0,63}){0,7}$/,
    takes: 'restart',
  }),
  username: textKey({
    doc: 'User at the broker; empty for none.',
    default: '',
    expected: 'at most 256 characters, or empty for none',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a control character in a name is a pasted mistake
    matches: /^[^\u0000-\u001f]{0,256}$/,
    takes: 'restart',
  }),
  passwordFile: pathKey({
    doc:
      'File that holds the password and nothing else; empty for none. The password itself is never a key, a ' +
      'variable or a log line.',
    default: '',
    takes: 'restart',
  }),
  keepaliveS: wholeKey({
    doc: 'The broker declares us lost after one and a half times this silence.',
    default: 5,
    unit: 's',
    min: 1,
    max: 3600,
    takes: 'restart',
  }),
  maxInFlight: wholeKey({
    doc: 'Journaled records sent and not yet acknowledged; the rest waits in the journal.',
    default: 10,
    unit: 'records',
    min: 1,
    max: 1024,
    takes: 'restart',
  }),
};
