export interface PageEvents {
  /** The page falls asleep: it goes into the back/forward cache, or is frozen where it is. */
  readonly onHide: () => void;
  /** It wakes up again. */
  readonly onShow: () => void;
  /** It is looked at again: timers were slowed down and messages may have been missed. */
  readonly onVisible: () => void;
}

/** A page, as far as it is there: workers have no such events, and Node has no targets for them at all. */
interface Page {
  readonly addEventListener?: EventTarget['addEventListener'];
  readonly removeEventListener?: EventTarget['removeEventListener'];
  readonly document?: Document;
}

/** Listens to what happens to the page; returns how to stop. */
export function watchPage({ onHide, onShow, onVisible }: PageEvents): () => void {
  const page = globalThis as Page;
  const { document } = page;
  if (document === undefined || page.addEventListener === undefined) return () => undefined;
  // Into the cache go `pagehide`, then `freeze`; out of it come `resume`, then `pageshow`. A tab in the background that
  // the browser freezes gets `freeze` and `resume` alone.
  let asleep = false;
  const sleep = (): void => {
    if (asleep) return;
    asleep = true;
    onHide();
  };
  const wake = (): void => {
    if (!asleep) return;
    asleep = false;
    onShow();
  };
  const hide = (event: Event): void => {
    if ((event as PageTransitionEvent).persisted) sleep();
  };
  const show = (event: Event): void => {
    if ((event as PageTransitionEvent).persisted) wake();
  };
  const visible = (): void => {
    if (document.visibilityState === 'visible') onVisible();
  };
  page.addEventListener('pagehide', hide);
  page.addEventListener('pageshow', show);
  document.addEventListener('freeze', sleep);
  document.addEventListener('resume', wake);
  document.addEventListener('visibilitychange', visible);
  return () => {
    page.removeEventListener?.('pagehide', hide);
    page.removeEventListener?.('pageshow', show);
    document.removeEventListener('freeze', sleep);
    document.removeEventListener('resume', wake);
    document.removeEventListener('visibilitychange', visible);
  };
}
