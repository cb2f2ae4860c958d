"""The edge towards charge boxes: sockets, connections, and the way of a frame between them and the handlers."""
