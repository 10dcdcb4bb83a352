/** The tag block in a PLC's own OPC UA server, for plants that want it that way round. */
import { choiceKey, pathKey, textKey, wholeKey } from '../key.ts';

export const plc = {
  url: textKey({
    doc:
      "The PLC's own OPC UA server: the tag block is read from and written to it, besides our own server. Empty: " +
      'none. Its certificate must be trusted first (`twinspect opcua list`, `trust`).',
    default: '',
    expected: 'opc.tcp://HOST:PORT, perhaps with a path, or empty',
    matches: /^$|^opc\.tcp:\/\/[A-Za-z0-9.[\]:-]+(\/[^\s]*)?$/,
    takes: 'restart',
  }),
  nodeId: textKey({
    doc:
      "How a tag's node id is made there: `{tag}` is its name, `{line}` this line. For a data block of an S7-1500: " +
      '`ns=3;s="Twinspect"."{tag}"`. Tags that the PLC does not have are left out.',
    default: 'ns=1;s={line}.{tag}',
    expected: 'a node id with {tag} in it, such as ns=3;s="Twinspect"."{tag}"',
    matches: /^ns=\d{1,5};s=(?=.*\{tag\}).{5,200}$/,
    takes: 'restart',
  }),
  securityMode: choiceKey({
    doc: 'How messages are protected. `None` gives up secrecy and proof; for a network of its own.',
    values: ['SignAndEncrypt', 'Sign', 'None'],
    default: 'SignAndEncrypt',
    takes: 'restart',
  }),
  securityPolicy: choiceKey({
    doc: 'By which algorithms; what the PLC offers. Of no meaning with `plc.securityMode` None.',
    values: ['Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'],
    default: 'Basic256Sha256',
    takes: 'restart',
  }),
  username: textKey({
    doc: 'User to log in with; empty: without a user.',
    default: '',
    expected: 'a text of at most 128 characters',
    matches: /^[^\p{Cc}]{0,128}$/u,
    takes: 'restart',
  }),
  passwordFile: pathKey({
    doc: 'File that holds the password on one line, or `credential:NAME` of systemd.',
    default: '',
    takes: 'restart',
  }),
  pollMs: wholeKey({
    doc: 'How often the tags that the PLC writes are read. A trigger is heard half of it later on average.',
    default: 20,
    unit: 'ms',
    min: 5,
    max: 1000,
    takes: 'restart',
  }),
};
