import { defineInspector } from './element.js';
import { httpSource } from './http-source.js';

const tokenKey = 'perdure-token';

/**
 * Begins the page that `perdure ui` serves: takes the token out of the fragment of the address, where no server and no
 * log sees it, keeps it for as long as the tab lives, and shows the inspector.
 */
export function startPage(): void {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    sessionStorage.setItem(tokenKey, given);
    history.replaceState(null, '', location.pathname);
  }
  defineInspector();
  const inspector = document.createElement('perdure-inspector');
  inspector.source = httpSource(location.href, sessionStorage.getItem(tokenKey) ?? '');
  document.body.append(inspector);
}
