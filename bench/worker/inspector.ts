interface Message {
  readonly id?: number;
  readonly result: never;
  readonly error?: { readonly message: string };
  readonly method?: string;
  readonly params?: { readonly context?: { readonly uniqueId: string } };
}

/** An isolate that can be connected to, as workerd lists it. An isolate has one connection at a time. */
interface Target {
  readonly id: string;
  readonly webSocketDebuggerUrl: string;
}

const targetsAt = async (port: number): Promise<Target[]> => (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as Target[];

const isWorker = ({ id }: Target): boolean => id.startsWith('core:user:');

/**
 * A connection to an isolate through Chrome's DevTools protocol
 * (https://chromedevtools.github.io/devtools-protocol/v8/).
 */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #lastId = 0;
  #context: string | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, result, error, method, params } = JSON.parse(String(data)) as Message;
      if (method === 'Runtime.executionContextCreated') this.#context = params!.context!.uniqueId;
      const waiting = this.#waiting.get(id ?? -1);
      if (waiting === undefined) return;
      this.#waiting.delete(id!);
      if (error) waiting.reject(new Error(`The inspector answers: ${error.message}`));
      else waiting.resolve(result);
    });
    socket.addEventListener('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The inspector has closed the connection.'));
    });
  }

  /** Connects to the Worker's isolate. @param port where workerd lists the isolates of all its services */
  static async connect(port: number): Promise<Inspector> {
    const target = (await targetsAt(port)).find(isWorker);
    if (target === undefined) throw new Error('The inspector lists no Worker.');
    return Inspector.#open(target);
  }

  /** Connects to the isolates of Miniflare's own services, which stand in the same process before and behind the Worker. */
  static async connectToServices(port: number): Promise<Inspector[]> {
    return Promise.all((await targetsAt(port)).filter((target) => !isWorker(target)).map((target) => Inspector.#open(target)));
  }

  static async #open({ webSocketDebuggerUrl }: Target): Promise<Inspector> {
    const socket = new WebSocket(webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    const inspector = new Inspector(socket);
    // Makes the isolate report its global scopes, none of which workerd makes the default.
    await inspector.send('Runtime.enable');
    return inspector;
  }

  /** Evaluates an expression in the Worker's global scope. @returns a reference to its value */
  async evaluate(expression: string): Promise<string> {
    const { result } = await this.send<{ result: { objectId: string } }>('Runtime.evaluate', {
      expression,
      uniqueContextId: this.#context,
    });
    return result.objectId;
  }

  /** Evaluates an expression in the Worker's global scope. @returns its value, which JSON can hold */
  async valueOf<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.send<{ result: { value: Value }; exceptionDetails?: object }>('Runtime.evaluate', {
      expression,
      uniqueContextId: this.#context,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  /** Calls a method of the protocol. */
  send<Result>(method: string, params: object = {}): Promise<Result> {
    const id = ++this.#lastId;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.close();
  }
}
