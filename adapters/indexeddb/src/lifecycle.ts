export interface PageEvents {
  /** The page goes into the back/forward cache, or away for good. */
  readonly onHide: () => void;
  /** It comes back from the cache. */
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
  const hide = (event: Event): void => {
    if ((event as PageTransitionEvent).persisted) onHide();
  };
  const show = (event: Event): void => {
    if ((event as PageTransitionEvent).persisted) onShow();
  };
  const visible = (): void => {
    if (document.visibilityState === 'visible') onVisible();
  };
  page.addEventListener('pagehide', hide);
  page.addEventListener('pageshow', show);
  document.addEventListener('visibilitychange', visible);
  return () => {
    page.removeEventListener?.('pagehide', hide);
    page.removeEventListener?.('pageshow', show);
    document.removeEventListener('visibilitychange', visible);
  };
}
