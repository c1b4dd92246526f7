// The names of a script that are best written as one. Its value is an object
// with each of them.
(function () {
  "use strict"

  // Like Error, it may be called with or without new.
  function Warning(message) {
    const warning = Reflect.construct(Error, message === undefined ? [] : [message], new.target || Warning)
    Object.defineProperty(warning, "name", { value: "Warning", writable: true, configurable: true })
    return warning
  }
  Object.setPrototypeOf(Warning, Error)
  Warning.prototype = Object.create(Error.prototype, {
    constructor: { value: Warning, writable: true, configurable: true },
  })

  function raise(problem = "unhandled exception") {
    throw typeof problem === "object" || typeof problem === "function" ? problem : new Error(String(problem))
  }

  return { Warning, raise }
})()
