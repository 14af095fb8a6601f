/**
 * TCP connections, as goroutines use them: lines come from a channel, and a write is waited for.
 *
 * @module
 */
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import { Channel, type ReceiveChannel, select, type WaitOptions } from "../../mod.ts";
import { linesOf, toStreamError } from "./lines.ts";

/** All is on this machine. */
export const HOST = "127.0.0.1";

/** One end of a connection (Go: `net.Conn`). Disposing it closes both directions. */
export interface Connection extends Disposable {
  /** The other end, as `127.0.0.1:51234`. */
  readonly peer: string;
  /** What comes from the other end, until it sends no more; closed with a {@linkcode StreamError} if the connection breaks. */
  readonly lines: ReceiveChannel<string>;
  /**
   * Writes `text`, and waits until the system has taken it. For an end that does not read, that is for ever.
   *
   * - **Ordering:** that of the calls; what one call writes is not torn apart by another.
   * - **Cancellation:** ends the wait. What has been begun is written.
   *
   * @param options `signal` cancels the wait.
   * @throws {StreamError} if the connection is broken, or closed meanwhile
   */
  write(text: string, options?: WaitOptions): Promise<void>;
  /** Says that no more will be written, and goes on reading (Go: `CloseWrite`). */
  closeWrite(): void;
}

class TcpConnection implements Connection {
  readonly peer: string;
  readonly lines: Channel<string>;
  readonly #socket: Socket;
  /** Closed, with the reason, when the connection is. */
  readonly #gone = new Channel<never>();

  constructor(socket: Socket) {
    this.#socket = socket;
    this.peer = `${socket.remoteAddress}:${socket.remotePort}`;
    let failure = toStreamError(new Error("the connection is closed"));
    socket.on("error", (error) => {
      failure = toStreamError(error);
    });
    socket.once("close", () => this.#gone.close(failure));
    this.lines = linesOf(socket);
  }

  async write(text: string, options?: WaitOptions): Promise<void> {
    const written = new Channel<never>();
    if (!this.#gone.closed) {
      // A write that fails closes the connection, and that says why.
      this.#socket.write(text, (error) => {
        if (!error) written.close();
      });
    }
    await select({ written, gone: this.#gone }, options);
  }

  closeWrite(): void {
    this.#socket.end();
  }

  [Symbol.dispose](): void {
    this.lines[Symbol.dispose]();
    this.#socket.destroy();
  }
}

/** Takes connections at a port (Go: `net.Listener`). Disposing it takes no more, and closes those that nobody has received. */
export interface Listener extends Disposable {
  readonly port: number;
  readonly connections: ReceiveChannel<Connection>;
}

/**
 * Listens at `port`, 0 for any that is free.
 *
 * @throws {StreamError} if that cannot be
 */
export async function listen(port: number): Promise<Listener> {
  const connections = new Channel<Connection>(Infinity);
  const ready = new Channel<never>();
  // An end that sends no more still wants its answers.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = new TcpConnection(socket);
    if (connections.closed) connection[Symbol.dispose]();
    else connections.trySend(connection);
  });
  server.once("error", (error) => ready.close(toStreamError(error)));
  server.listen(port, HOST, () => ready.close());
  await ready.receive();
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    [Symbol.dispose](): void {
      if (connections.closed) return;
      connections.close();
      server.close();
      for (let got = connections.tryReceive(); got.state === "ok"; got = connections.tryReceive()) {
        got.value[Symbol.dispose]();
      }
    },
  };
}

/**
 * Connects to `port` of this machine.
 *
 * @param options `signal` cancels the wait.
 * @throws {StreamError} if nobody listens there
 */
export async function connect(port: number, options?: WaitOptions): Promise<Connection> {
  const ready = new Channel<never>();
  const socket = connectSocket({ port, host: HOST, allowHalfOpen: true });
  const failed = (error: Error): void => ready.close(toStreamError(error));
  socket.once("error", failed).once("connect", () => ready.close());
  try {
    await ready.receive(options);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.off("error", failed);
  return new TcpConnection(socket);
}
