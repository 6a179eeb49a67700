// Does nothing, and reads nothing of the request: the least that a JavaScript worker on this platform costs.
export default {
  fetch() {
    return new Response("ok");
  },
};
