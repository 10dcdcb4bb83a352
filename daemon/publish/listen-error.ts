/** Why a server of ours cannot listen, in words that name the port, the setting and whom to look for. */
import { fail, messageOf } from '../../errors.ts';

export function listenError(what: string, host: string, port: number, setting: string, error: unknown): Error {
  if ((error as { code?: string }).code === 'EADDRINUSE') {
    return fail('port/taken', { what, host, port, setting }, error);
  }
  return fail('port/listen', { what, host, port, setting, cause: messageOf(error) }, error);
}
