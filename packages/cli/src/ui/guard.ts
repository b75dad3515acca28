import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a request is not answered. */
export interface Denial {
  readonly status: 401 | 403;
  readonly message: string;
}

/** Lets in who knows the token and came by one of our own names. */
export class Guard {
  readonly token = randomBytes(32).toString('base64url');
  readonly #hosts: ReadonlySet<string>;

  constructor(port: number) {
    this.#hosts = new Set(['127.0.0.1', 'localhost'].map((name) => `${name}:${port}`));
  }

  /** A name that somebody else's page has resolved to this machine is none of ours. */
  misdirected({ headers: { host, origin } }: IncomingMessage): Denial | undefined {
    const own = host !== undefined && this.#hosts.has(host);
    if (own && (origin === undefined || origin === `http://${host}`)) return undefined;
    return { status: 403, message: 'This server answers only at the address that it has printed' };
  }

  unauthorized({ headers: { authorization = '' } }: IncomingMessage): Denial | undefined {
    if (timingSafeEqual(digest(authorization), digest(`Bearer ${this.token}`))) return undefined;
    return {
      status: 401,
      message: 'The token is missing or wrong: open the address that the server has printed',
    };
  }
}

/** Of one length, so that comparing takes one time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
