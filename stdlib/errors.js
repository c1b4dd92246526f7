// The names of a script that are best written as one. Its value is an object
// with each of them.
(function () {
  "use strict"

  class Warning extends Error {
    constructor(message) {
      super(message)
      this.name = "Warning"
    }
  }

  function raise(problem = "unhandled exception") {
    throw typeof problem === "object" || typeof problem === "function" ? problem : new Error(String(problem))
  }

  return { Warning, raise }
})()
