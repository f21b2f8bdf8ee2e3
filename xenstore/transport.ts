// SPDX-License-Identifier: Apache-2.0
// A carrier of packets to xenstored and back, whatever it is made of.

export interface TransportHandlers {
  /** Bytes from xenstored, in order, cut anywhere. */
  onData(chunk: Buffer): void;
  /** Called once, when nothing more will come; without a cause after `close()`. */
  onEnd(cause?: Error): void;
}

/** A connection that has been opened. Packets are sent whole, in the order of the calls. */
export interface Transport {
  /** The path of the socket or device. */
  readonly path: string;
  readonly maxPayloadBytes: number;
  readonly maxReplyBytes: number;
  /** How many requests may wait for their reply at once. */
  readonly maxInFlight: number;
  /** Starts reading. Call once, before the first `send`. */
  start(handlers: TransportHandlers): void;
  /** Sends one packet; `refused` is called when the carrier answers this packet with an errno, so that no reply will come. */
  send(packet: Buffer, refused: (cause: Error) => void): void;
  /** Ends the connection; idempotent. xenstored then drops its watches and open transactions. */
  close(): Promise<void>;
}
