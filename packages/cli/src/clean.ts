import { stripVTControlCharacters } from 'node:util';

/** Control characters but the line feed, and what turns the direction of text round. */
const unseen = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const unseenInJson = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Text from a store, safe for a terminal: whatever could move its cursor or change what is shown is gone. */
export function clean(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\t', ' ').replace(unseen, '');
}

/** On one line. */
export function cleanLine(text: string): string {
  return clean(text.replace(/\s*\n\s*/g, ' '));
}

/** JSON that says the same without a control character. */
export function cleanJson(json: string): string {
  return json.replace(unseenInJson, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
