/**
 * The certificate store of the server: clients whose certificate lies in `trusted/certs` come in, others are listed in
 * `rejected` for a person to judge. A stranger can send as many certificates as he likes, so the list is bounded in
 * number, size and pace; what is not listed is refused all the same, and counted.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua';
import type { Clock } from '../../../clock.ts';
import { type CertificateFacts, certificateFacts } from './certificate-facts.ts';

/** Files kept in `rejected`; the one that came first goes first. */
const listedMax = 100;
/** A client certificate has 1 to 3 KB. */
const certificateMaxBytes = 16 * 1024;
/** New ones written in a window: enough for a plant that is being set up, not for wearing out a flash disk. */
const newMax = 30;
const windowMs = 600_000;

export interface ClientCertificatesListener {
  /** A certificate that was not known before was refused and listed. */
  listed(facts: CertificateFacts): void;
  /** Refused for another reason than that nobody trusts it: its dates, its issuer, its revocation. */
  unfit(facts: CertificateFacts, why: string): void;
  /** It was taken out of the trusted ones, by thumbprint: whoever came with it must go. */
  untrusted(thumbprint: string): void;
}

export class ClientCertificates extends OPCUACertificateManager {
  readonly #clock: Clock;
  #listener: ClientCertificatesListener | null = null;
  #windowBeganMs = Number.NEGATIVE_INFINITY;
  #written = 0;
  /** Refused, and not listed for want of room. */
  unlisted = 0;

  constructor(folder: string, clock: Clock) {
    super({ rootFolder: folder, automaticallyAcceptUnknownCertificate: false });
    this.#clock = clock;
    this.on('certificateRemoved', ({ store, fingerprint }) => {
      if (store === 'trusted') this.#listener?.untrusted(fingerprint);
    });
  }

  /** Whoever made it, before the first client can come. */
  tell(listener: ClientCertificatesListener): void {
    this.#listener = listener;
  }

  /** The library calls this for every certificate that it is shown. */
  override async verifyCertificate(...shown: Parameters<OPCUACertificateManager['verifyCertificate']>) {
    const status = await super.verifyCertificate(...shown);
    if (status === 'Good' || status === 'BadCertificateUntrusted') return status;
    const [certificate] = shown;
    const first = Array.isArray(certificate) ? certificate[0] : certificate;
    const facts = first && first.length <= certificateMaxBytes ? certificateFacts(first) : null;
    if (facts) this.#listener?.unfit(facts, status);
    return status;
  }

  /** And this for every untrusted certificate that it is shown. */
  override async rejectCertificate(certificate: Buffer | Buffer[]): Promise<void> {
    const der = Array.isArray(certificate) ? certificate[0] : certificate;
    const facts = der && der.length <= certificateMaxBytes ? certificateFacts(der) : null;
    if (facts === null) {
      this.unlisted++;
      return;
    }
    const files = await readdir(this.rejectedFolder);
    if (files.some((file) => file.toLowerCase().includes(facts.thumbprint))) return;
    if (!this.#mayWrite()) {
      this.unlisted++;
      return;
    }
    await super.rejectCertificate(certificate);
    this.#listener?.listed(facts);
    await this.#keepNewest();
  }

  #mayWrite(): boolean {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#windowBeganMs > windowMs) {
      this.#windowBeganMs = nowMs;
      this.#written = 0;
    }
    return ++this.#written <= newMax;
  }

  async #keepNewest(): Promise<void> {
    const files = await readdir(this.rejectedFolder);
    if (files.length <= listedMax) return;
    const dated = await Promise.all(
      files.map(async (file) => {
        const path = join(this.rejectedFolder, file);
        // Gone meanwhile: a person has just trusted it.
        const found = await stat(path).catch(() => null);
        return { path, atMs: found?.mtimeMs ?? Number.POSITIVE_INFINITY };
      }),
    );
    dated.sort((a, b) => a.atMs - b.atMs);
    for (const { path } of dated.slice(0, files.length - listedMax)) await rm(path, { force: true });
  }
}
