/** Messages that came and were not asked for yet: whoever waits for one of a kind gets the oldest of it. */
export class Mailbox<Message> {
  readonly #messages: Message[] = []
  readonly #timeoutMs: number
  #wake = () => {}

  /** @param timeoutMs  how long a message is waited for */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  put(message: Message): void {
    this.#messages.push(message)
    this.#wake()
  }

  /** Take the first of a kind, now or when it comes.
   *  @throws Error when it does not */
  async take(isWanted: (message: Message) => boolean): Promise<Message> {
    const signal = AbortSignal.timeout(this.#timeoutMs)
    for (;;) {
      const index = this.#messages.findIndex(isWanted)
      const [found] = index === -1 ? [] : this.#messages.splice(index, 1)
      if (found !== undefined) return found
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve
        signal.addEventListener('abort', () => reject(new Error('The debugger is silent')))
      })
    }
  }
}
