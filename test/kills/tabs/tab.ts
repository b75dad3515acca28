import type { CDPSession, Page } from 'playwright-core';
import type { Answer, Calls } from './program.js';

/** The tab that was asked is gone, or sleeps: nobody knows whether it has done what it was asked. */
export class Gone extends Error {}

/** A tab of the application. */
export class Tab {
  readonly page: Page;
  readonly #session: CDPSession;
  readonly #gone: Promise<never>;
  #leave: () => void = () => undefined;

  constructor(page: Page, session: CDPSession) {
    this.page = page;
    this.#session = session;
    this.#gone = new Promise((_, reject) => {
      this.#leave = () => {
        reject(new Gone('The tab that was asked is gone'));
      };
    });
    this.#gone.catch(() => undefined); // told to whoever waits for an answer
  }

  /** Rejects with what the call failed with, its `code` among it, or with `Gone`. */
  async ask<C extends keyof Calls>(
    call: C,
    ...args: Parameters<Calls[C]>
  ): Promise<Awaited<ReturnType<Calls[C]>>> {
    const answer: Promise<Answer> = this.page.evaluate(([name, given]) => globalThis.tab(name, given), [
      call,
      args,
    ] as const);
    answer.catch(() => undefined); // the tab may be gone by then
    const { value, error } = await Promise.race([answer, this.#gone]);
    if (error) throw Object.assign(new Error(error.message), error);
    return value as Awaited<ReturnType<Calls[C]>>;
  }

  /** Whoever waits for an answer hears that there will be none. */
  leave(): void {
    this.#leave();
  }

  close(): Promise<void> {
    return this.page.close();
  }

  /** As when its process dies. */
  async crash(): Promise<void> {
    const crashed = this.page.waitForEvent('crash');
    this.#session.send('Page.crash').catch(() => undefined); // it does not live to answer
    await crashed;
    await this.page.close();
  }

  /** As if it were looked at: its timers are not slowed down. */
  async show(): Promise<void> {
    await this.#session.send('Emulation.setFocusEmulationEnabled', { enabled: true });
  }

  /** As when the system is short of memory, or the tab has not been looked at for long. Another one must be in front. */
  async freeze(): Promise<void> {
    await this.#session.send('Emulation.setFocusEmulationEnabled', { enabled: false });
    await this.page.waitForFunction(() => document.visibilityState === 'hidden');
    await this.#session.send('Page.setWebLifecycleState', { state: 'frozen' });
  }

  /** It wakes up, and can be asked again. */
  async resume(): Promise<Tab> {
    await this.#session.send('Page.setWebLifecycleState', { state: 'active' });
    await this.show();
    return new Tab(this.page, this.#session);
  }

  /** As when the user clears the data of the site. */
  async clearStorage(): Promise<void> {
    const { origin } = new URL(this.page.url());
    await this.#session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
  }

  /** Its page begins anew, and answers then. */
  async reload(): Promise<Tab> {
    await this.page.reload();
    return new Tab(this.page, this.#session);
  }

  /** Goes to another page of the same site, and leaves its own to the back/forward cache if it is fit for that. */
  async goAway(): Promise<void> {
    await this.page.goto(new URL('/elsewhere', this.page.url()).href);
  }

  /** The page before, from the cache where it is there. */
  async goBack(): Promise<Tab> {
    await this.page.goBack({ waitUntil: 'commit' });
    return new Tab(this.page, this.#session);
  }
}
