import { expect, test } from 'vitest';
import { redacted, withoutSecrets } from '../../daemon/status/redact.ts';

test.each([
  ['rtsp://anna:geheim@10.0.0.7/stream', 'rtsp://***@10.0.0.7/stream'],
  ['opc.tcp://u:p@plc:4840', 'opc.tcp://***@plc:4840'],
  [
    'rtspsrc location=rtsp://cam user-id=anna user-pw="ge heim" ! decodebin',
    'rtspsrc location=rtsp://cam user-id=anna user-pw=*** ! decodebin',
  ],
  ['souphttpsrc proxy-pw=geheim ! x', 'souphttpsrc proxy-pw=*** ! x'],
  ['https://h/?token=geheim&a=1', 'https://h/?token=***&a=1'],
  ['mqtt://broker:1883', 'mqtt://broker:1883'],
  ['/etc/twinspect/password.txt', '/etc/twinspect/password.txt'],
])('%s', (text, shown) => {
  expect(withoutSecrets(text)).toBe(shown);
  expect(shown).not.toContain('geheim');
});

test('at any depth, and nothing else is changed', () => {
  const value = { a: [1, null, { b: 'x://u:p@h' }], c: true, d: 0.5 };
  expect(redacted(value)).toEqual({ a: [1, null, { b: 'x://***@h' }], c: true, d: 0.5 });
});
