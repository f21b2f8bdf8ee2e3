// SPDX-License-Identifier: Apache-2.0
// Asks thawd without starting a process: in the lab, frequent polling by processes would cost more than the awaited work.

import { ApiType, encodeRequest, REQUEST_MAX } from '../../../toolstack/api/wire.js';
import { FrameSocket } from '../shim/frame-socket.js';

const SOCKET = '/run/thaw/thawd.sock';
const ANSWER_MS = 120_000;

export interface Answer {
  status: number;
  stdout: string;
  stderr: string;
}

/**
 * Returns the output of a command that needs no process (docs/api.md, the smallest client). Rejects where no thawd listens, or thawd ends meanwhile.
 */
export async function ask(...words: string[]): Promise<Answer> {
  const socket = await FrameSocket.connect(SOCKET, REQUEST_MAX);
  try {
    const ttys = { stdin: false, stdout: false, stderr: false };
    const request = { cwd: '/root', argv: ['thaw', ...words], env: [], ttys, rows: 0, cols: 0 };
    socket.send(ApiType.REQUEST, 0, 0, encodeRequest(request));
    const said: Record<number, string> = { 1: '', 2: '' };
    for (;;) {
      const frame = await socket.next(ANSWER_MS);
      if (!frame) throw new Error(`thawd ended before it had answered: thaw ${words.join(' ')}`);
      if (frame.type === ApiType.OUTPUT) said[frame.arg] += frame.payload.toString();
      if (frame.type === ApiType.DONE)
        return { status: frame.arg, stdout: said[1] ?? '', stderr: said[2] ?? '' };
    }
  } finally {
    socket.close();
  }
}
