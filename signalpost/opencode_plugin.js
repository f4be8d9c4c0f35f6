// Wakes an idle opencode session when mail waits for its agent. Written by `signalpost setup`.
import { spawn } from "node:child_process"

const PROGRAM = ["signalpost"]
const AGENT = ""
const OPTIONS = []
const TAKES = "The tool signalpost_receive_message takes what is unread."

export const Signalpost = async ({ client }) => {
  let waiting = null

  const stop = () => {
    const child = waiting
    waiting = null
    if (child) child.kill()
  }

  const wait = (session) => {
    stop()
    const words = [...PROGRAM.slice(1), "wait", ...OPTIONS]
    if (AGENT) words.push("--agent", AGENT)
    const child = spawn(PROGRAM[0], words, { stdio: ["ignore", "pipe", "ignore"] })
    let text = ""
    waiting = child
    child.stdout.on("data", (data) => { text += data })
    child.on("error", () => { if (waiting === child) waiting = null })
    child.on("close", (code) => {
      if (waiting !== child) return
      waiting = null
      if (code !== 0 || !text.trim()) return
      const parts = [{ type: "text", text: `[signalpost] ${text.trim()}. ${TAKES}` }]
      client.session.prompt({ path: { id: session }, body: { parts } }).catch(() => {})
    })
  }

  return {
    event: async ({ event }) => {
      if (event.type === "session.idle") wait(event.properties.sessionID)
      else if (event.type === "session.status" && event.properties.status?.type === "busy") stop()
    },
    dispose: async () => stop(),
  }
}
