// SPDX-License-Identifier: Apache-2.0
// Progress is printed as a line for each step, or on a terminal as one line that is redrawn.
import test from 'ava';
import { progressDisplay } from '../../../toolstack/base/progress.js';

/** Returns the client's view of the steps; `now` is the clock. */
function shown(isTerminal: boolean, cols = 80) {
  let text = '';
  const clock = { now: 0 };
  const client = {
    isTerminal: { stderr: isTerminal },
    cols,
    err: (data: string) => void (text += data),
  };
  const display = progressDisplay(client, () => clock.now);
  return { display, clock, text: () => text };
}

test('where there is no terminal, steps are lines and nothing else is told', (t) => {
  const { display, text } = shown(false);
  display.show({ text: 'Copying a' });
  display.show({ text: 'Copying a', done: 5, total: 10 });
  display.show({ text: 'Converting a' });
  display.end();
  t.is(text(), 'Copying a\nConverting a\n');
});

test('on a terminal a step is drawn in place, and stays as a line when the next begins', (t) => {
  const { display, clock, text } = shown(true);
  display.show({ text: 'Copying a' });
  display.show({ text: 'Copying a', done: 1024 });
  clock.now = 1000;
  display.show({ text: 'Copying a', done: 50, total: 100 });
  display.show({ text: 'Next' });
  display.end();
  display.end();
  t.is(
    text(),
    '\rCopying a\x1b[K' +
      '\rCopying a  1 KiB\x1b[K' +
      '\rCopying a  [============            ] 50% of 100 B\x1b[K' +
      '\rCopying a\x1b[K\n\rNext\x1b[K\rNext\x1b[K\n',
  );
});

test('it is not drawn more than ten times a second, nor beyond the edge, nor past 100 %', (t) => {
  const { display, clock, text } = shown(true, 20);
  display.show({ text: 'a'.repeat(30) });
  t.is(text(), `\r${'a'.repeat(20)}\x1b[K`);
  const { display: other, clock: time, text: seen } = shown(true, 200);
  other.show({ text: 's' });
  for (let done = 0; done < 100; done++) {
    time.now += 10;
    other.show({ text: 's', done: done * 10, total: 100 });
  }
  t.true(seen().split('\r').length <= 13);
  t.regex(seen(), /\[=+\] ?100%/);
  t.notRegex(seen(), /\d{4}%/);
  t.is(clock.now, 0);
});

test('what an image is called cannot drive the terminal', (t) => {
  const { display, text } = shown(true);
  display.show({ text: 'Copying \x1b[2Jx' });
  t.false(text().includes('\x1b[2J'));
});
