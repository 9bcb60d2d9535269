// Package loopback serves something of this machine to one user of this
// machine: a port for a VNC viewer, the console's page, the person's chat page.
//
// Loopback is not private. Every user of the machine can connect to it, and
// every page in every browser can make that browser connect to it. So nothing
// here counts as safe for being on 127.0.0.1:
//
//   - Listen takes loopback addresses and Unix sockets alone, and its Accept
//     gives only connections whose other end is a socket of the user it serves.
//   - Server answers only to its own address as Host, which stops a page whose
//     name was rebound to 127.0.0.1; it refuses what another site's page sent;
//     and it gives nothing but the empty page without a bearer.
//
// # How a page gets its bearer
//
// There is no cookie, since a cookie is sent to every port of the host, and no
// token in an address or a command line, since others can read those.
//
//  1. LaunchFile writes a file that only the user can read. It holds a form
//     with a token that works once, within a minute, and that posts itself.
//  2. The browser opens the file and so posts the token to /login. Its origin
//     is "null", that of a file; only /login allows that.
//  3. The reply is the page's index document with the bearer in
//     <meta name="bearer" content="...">. The page's script keeps it in
//     sessionStorage, empties the element and replaces the address with "/".
//     The launch file is deleted. After a reload the index comes with an empty
//     bearer and the script takes the one it kept.
//  4. The script sends "Authorization: Bearer ..." with each request, and opens
//     a WebSocket with the subprotocol it wants and, besides,
//     "deskside.bearer.<bearer>", which the server never echoes.
//
// A download that the browser itself carries out sends no header of ours. For
// those alone, addresses below /download/ reach Config.Ticketed without a
// bearer, after the checks of Host, Origin, site and socket; it admits nobody
// without a ticket in the address that works once and soon expires.
//
// Over a Unix socket the socket's mode and the owner of the other end take the
// bearer's place, and a request that names an Origin is refused: no browser
// speaks there.
//
// Refusals are JSON, {"code", "words", "do"}: 403 denied for a foreign Host,
// Origin or site, 401 denied without a live bearer, 400 bad-request, 404
// not-found. /login answers with a short page, since a person reads it.
//
// The package does not encrypt: what it serves never leaves the machine. It
// cannot protect a user from their own programs.
package loopback
