/** The OPC UA server: where it listens, how it is called there, and what is given up for clients that need it. */
import { switchKey, textKey, wholeKey } from '../key.ts';

const hostExpected = 'an address of this machine, or 0.0.0.0 or :: for all of them';
const namePattern = '[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+';

export const opcua = {
  enabled: switchKey({ doc: 'Serve OPC UA.', default: true, takes: 'restart' }),
  host: textKey({
    doc:
      'Address to listen on. On loopback, and as long as there is no user, sessions are anonymous and read only; any ' +
      'other address needs a user first (`twinspect user add`), and lets nobody in without name, password and a ' +
      'trusted certificate.',
    default: '127.0.0.1',
    expected: hostExpected,
    matches: new RegExp(`^(${namePattern}|::)$`),
    takes: 'restart',
  }),
  names: textKey({
    doc:
      'What clients call this server: addresses and DNS names, separated by commas. They are in its certificate ' +
      'and in its endpoints. Empty: `host`, and where that is all addresses, each one and the name of this machine.',
    default: '',
    expected: 'addresses and DNS names separated by commas, or empty',
    matches: new RegExp(`^$|^(${namePattern})( *, *(${namePattern})){0,15}$`),
    takes: 'restart',
  }),
  port: wholeKey({
    doc: 'Port to listen on; 0 takes a free one and prints it.',
    default: 4840,
    min: 0,
    max: 65_535,
    takes: 'restart',
  }),
  applicationUri: textKey({
    doc:
      'What the server is called among all OPC UA applications; also the URI of its namespace 1. Empty: a name of ' +
      'its own, which no other installation has, made at the first start and kept in the state folder ' +
      '(`opcua-application-uri`). Another one makes another certificate.',
    default: '',
    expected: 'a URI of at most 200 characters, such as urn:plant:line1:twinspect, or empty',
    matches: /^$|^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{1,180}$/,
    takes: 'restart',
  }),
  machineVision: switchKey({
    doc:
      'Show each line as a vision system of OPC 40100-1 too, for MES and SCADA: states, recipes, results, events. ' +
      'Costs some tenths of a second at the start and some megabytes.',
    default: true,
    takes: 'restart',
  }),
  plainReadOnly: switchKey({
    doc:
      'Opt-in that gives up secrecy: anybody who reaches the port may read, without name, certificate or encryption. ' +
      'Nobody can write that way. For old SCADA systems and screens.',
    default: false,
    takes: 'restart',
  }),
  plcPassword: switchKey({
    doc:
      'Opt-in for a PLC without certificates: a user of role `operate` may come in by name and password alone, may ' +
      'read, and may write the tags of the PLC block and nothing else. The password is encrypted, what is read and ' +
      'written is not.',
    default: false,
    takes: 'restart',
  }),
};
