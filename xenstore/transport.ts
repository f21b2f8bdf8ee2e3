// SPDX-License-Identifier: Apache-2.0
// The interface of a transport, which carries packets to xenstored and back.

export interface TransportHandlers {
  /** Bytes from xenstored, in order, split at any position. */
  onData(chunk: Buffer): void;
  /** Called once, when no more data comes; without a cause after `close()`. */
  onEnd(cause?: Error): void;
}

/** An open connection. Packets are sent whole, in the order of the calls. */
export interface Transport {
  /** The path of the socket or device. */
  readonly path: string;
  readonly maxPayloadBytes: number;
  readonly maxReplyBytes: number;
  /** The most requests that may wait for their reply at once. */
  readonly maxInFlight: number;
  /** Starts reading. Call once, before the first `send`. */
  start(handlers: TransportHandlers): void;
  /** Sends one packet. `refused` is called when the transport answers this packet with an errno, so that no reply comes. */
  send(packet: Buffer, refused: (cause: Error) => void): void;
  /** Ends the connection; xenstored then drops its watches and open transactions. Idempotent. */
  close(): Promise<void>;
}
