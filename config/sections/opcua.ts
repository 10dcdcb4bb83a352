/** The OPC UA server. */
import { switchKey, textKey, wholeKey } from '../key.ts';

const loopbackExpected = 'an address of this machine alone: 127.0.0.1, ::1 or localhost';
const loopbackPattern = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

export const opcua = {
  enabled: switchKey({ doc: 'Serve OPC UA.', default: true, takes: 'restart' }),
  host: textKey({
    doc: 'Address to listen on. Sessions are anonymous, so it is on loopback only.',
    default: '127.0.0.1',
    expected: loopbackExpected,
    matches: loopbackPattern,
    takes: 'restart',
  }),
  port: wholeKey({
    doc: 'Port to listen on; 0 takes a free one and prints it.',
    default: 4840,
    min: 0,
    max: 65_535,
    takes: 'restart',
  }),
};
