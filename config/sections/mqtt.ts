/** The broker and what is said there. */
import { choiceKey, type Key, pathKey, switchKey, textKey, wholeKey } from '../key.ts';
import { idExpected, idPattern } from '../words.ts';

const urlExpected =
  'mqtt://HOST, mqtt://HOST:PORT or the same with mqtts, without user or password, or empty for the embedded broker';
const urlPattern = /^$|^mqtts?:\/\/[^\s/@?#]+\/?$/;

function sparkplugId(doc: string, usual: string): Key<string> {
  const mayBeEmpty = usual === '';
  return textKey({
    doc,
    default: usual,
    expected: mayBeEmpty ? `${idExpected}; or empty` : idExpected,
    matches: mayBeEmpty ? new RegExp(`^$|${idPattern.source}`) : idPattern,
    takes: 'restart',
  });
}

export const mqtt = {
  enabled: switchKey({ doc: 'Publish over MQTT.', default: true, takes: 'restart' }),
  url: textKey({
    doc:
      'The broker; mqtts is TLS, on port 8883 where none is given. Empty starts a broker of our own on loopback, for ' +
      'a first look and for tests.',
    default: '',
    expected: urlExpected,
    matches: urlPattern,
    show: () => 'an address of another form (not shown: it may hold a password)',
    takes: 'restart',
  }),
  protocol: choiceKey({
    doc: 'MQTT version. `auto` begins with 5 and goes back to 3.1.1 where the broker refuses it.',
    values: ['auto', '5', '3.1.1'],
    default: 'auto',
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
  clientId: textKey({
    doc:
      'Client id at the broker, where its access list asks for a certain one. Empty: twinspect-LINE-DEVICE, DEVICE ' +
      'made at the first start and kept in the state folder, so that no two devices have the same.',
    default: '',
    expected: 'at most 128 visible characters, or empty',
    matches: /^[\x21-\x7e]{0,128}$/,
    takes: 'restart',
  }),
  tls: {
    caFile: pathKey({
      doc:
        'PEM with the authorities that may have signed the certificate of the broker, and no others; empty for the ' +
        'public ones. All files of TLS are read again at every connection.',
      default: '',
      takes: 'restart',
    }),
    certFile: pathKey({
      doc: 'PEM with our own certificate, its chain behind it, for a broker that asks for one; empty for none.',
      default: '',
      takes: 'restart',
    }),
    keyFile: pathKey({
      doc: 'PEM with the key of that certificate, without a passphrase.',
      default: '',
      takes: 'restart',
    }),
    serverName: textKey({
      doc: 'Name that the certificate of the broker must carry, where it is not the host of mqtt.url; empty for that.',
      default: '',
      expected: 'a host name, or empty',
      matches: /^[A-Za-z0-9.-]{0,253}$/,
      takes: 'restart',
    }),
  },
  commandRole: choiceKey({
    doc:
      'What commands over MQTT may: MQTT does not say who sends, so whoever the broker lets publish below ' +
      'PREFIX/LINE/cmd/ has this role. With none every command is refused.',
    values: ['none', 'operate', 'configure'],
    default: 'none',
    takes: 'restart',
  }),
  sparkplug: {
    enabled: switchKey({
      doc: 'Be a Sparkplug B edge node too, a device for each line, on a connection of its own to the same broker.',
      default: false,
      takes: 'restart',
    }),
    group: sparkplugId('Group id: the second level of its topics.', 'twinspect'),
    edge: sparkplugId('Edge node id, one for each device on a broker; empty for line.id.', ''),
    primaryHost: sparkplugId('Host application that births wait for; empty for none.', ''),
  },
  maskExpiryS: wholeKey({
    doc: 'The broker forgets a mask nobody fetched so long after its part was judged (MQTT 5); 0 for never.',
    default: 86_400,
    unit: 's',
    min: 0,
    max: 31_536_000,
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
