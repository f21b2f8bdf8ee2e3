// SPDX-License-Identifier: Apache-2.0
// thawd reads a client's standard input as a shim would: by credit, to its end, and no further than needed.
import test from 'ava';
import { ApiType } from '../../../toolstack/api/wire.js';
import { ClientInput, Inputs } from '../../../toolstack/daemon/input.js';

function attached(onSignal: (number: number) => void = () => undefined) {
  const sent: { type: number; arg: number; payload: Buffer | undefined }[] = [];
  const input = new ClientInput(7, onSignal);
  input.attach((type, _id, arg, payload) => void sent.push({ type, arg, payload }));
  const feed = (text: string) =>
    input.handle({ type: ApiType.STREAM, id: 7, arg: 0, payload: Buffer.from(text) });
  const end = () => input.handle({ type: ApiType.EOF, id: 7, arg: 0, payload: Buffer.alloc(0) });
  return { input, sent, feed, end };
}

async function read(input: ClientInput): Promise<string> {
  let text = '';
  for await (const chunk of input) text += chunk.toString();
  return text;
}

test('all of it is read, and what was read is credited', async (t) => {
  const { input, sent, feed, end } = attached();
  t.deepEqual(
    sent.map(({ type }) => type),
    [ApiType.ATTACHED, ApiType.CREDIT],
  );
  feed('one ');
  const text = read(input);
  feed('two');
  end();
  t.is(await text, 'one two');
  const credits = sent.filter(({ type }) => type === ApiType.CREDIT);
  t.deepEqual(
    credits.map(({ payload }) => payload?.readUInt32LE(0)),
    [262144, 4, 3],
  );
  input.close();
  t.is(sent.at(-1)?.type, ApiType.EXIT);
});

test('a reader that has enough stops, and one whose client goes hears of it', async (t) => {
  const { input, feed } = attached();
  feed('yes\n');
  for await (const chunk of input) {
    t.is(chunk.toString(), 'yes\n');
    break;
  }
  const waiting = read(input);
  input.fail(new Error('gone'));
  await t.throwsAsync(waiting, { message: 'gone' });
  const never = new ClientInput(8, () => undefined);
  const other = read(never);
  never.fail(new Error('gone before it came'));
  await t.throwsAsync(other, { message: 'gone before it came' });
});

test('a signal is told, and what breaks the protocol is refused', (t) => {
  const signals: number[] = [];
  const { input, feed, end } = attached((number) => signals.push(number));
  const frame = { id: 7, arg: 0, payload: Buffer.alloc(0) };
  input.handle({ ...frame, type: ApiType.SIGNAL, arg: 15 });
  t.deepEqual(signals, [15]);
  // The launcher reports the output that it has read, and that its reader has gone.
  input.handle({ ...frame, type: ApiType.EOF, arg: 1 });
  const refused = (change: object) =>
    t.throws(() => input.handle({ ...frame, type: ApiType.STREAM, ...change }), {
      code: 'ERR_PROTOCOL',
    });
  refused({ id: 8 });
  refused({ type: ApiType.REQUEST });
  refused({ arg: 1 });
  refused({ payload: Buffer.alloc(65537) });
  for (let i = 0; i < 4; i++) feed('x'.repeat(65536));
  refused({ payload: Buffer.from('one more') });
  end();
  refused({});
  t.throws(() => input.attach(() => undefined), { code: 'ERR_PROTOCOL' });
});

test('an input is brought once, by the number that it was given', (t) => {
  const inputs = new Inputs('/sock');
  const one = inputs.expect(() => undefined);
  const two = inputs.expect(() => undefined);
  t.not(one.id, two.id);
  t.is(inputs.take(one.id), one);
  t.throws(() => inputs.take(one.id), { code: 'ERR_PROTOCOL' });
  inputs.forget(two);
  t.throws(() => inputs.take(two.id), { code: 'ERR_PROTOCOL' });
});
