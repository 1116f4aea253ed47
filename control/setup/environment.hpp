// What connection set-up needs from the rest of the daemon. The daemon fills it in with the
// workers' mailboxes and the session table; tests with something that plays the worker.
//
// Everything is called on the control thread. Nothing may block.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <string>

#include "control/config/config.hpp"
#include "control/log/debug_levels.hpp"
#include "control/session/address_pool.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/session/mailbox.hpp"
#include "dataplane/session/session.hpp"

namespace culvert::control {

struct SessionSpec {
  uint32_t index = 0;
  dp::InnerAddresses inner;
  uint8_t home = 0;
  bool df_bit_ignore = false;
};

struct SetupEnv {
  const Config* config = nullptr;  // never nullptr; may be replaced between two calls of Setup
  unsigned workers = 1;            // 1..dp::kMaxWorkers

  // dp::Mailbox of a worker. `allocate`: nullptr = none left, to be tried again at the next tick.
  // `free_message`: one that was read.
  std::function<dp::Message*(unsigned worker)> allocate;
  std::function<void(unsigned worker, dp::Message* message)> post;
  std::function<void(unsigned worker, dp::Message* message)> free_message;

  HomeOf home_of;  // home worker of an inner address
  // dp::SessionTable. nullptr = the table is full or the address is taken.
  std::function<dp::Session*(const SessionSpec& spec)> publish;
  std::function<void(dp::Session* session, dp::Channel channel)> set_channel;
  // Takes it out of the table; the memory is used again after a grace period. No tunnel that was
  // promoted for it is left when this is called.
  std::function<void(dp::Session* session)> retire;

  // `level` 0..7 and `number` as in %ASA-level-number, 0 for what the ASA has none for. Texts hold
  // no secrets.
  std::function<void(int level, unsigned number, std::string text)> log;
  const DebugLevels* debug = nullptr;  // nullptr: all off. What is on is logged as kDebugTrace
  dp::DropCounters flow_drops;         // what control counts in `show asp drop flow`
  std::function<uint64_t()> now_us;    // monotonic
  std::function<std::time_t()> wall_time;
};

struct SetupLimits {
  // Connections in set-up, which have OpenSSL's state. 0: 1000, or fewer where there are few TCP slots.
  unsigned half_set_up = 0;
  unsigned half_set_up_per_source = 64;  // of one client: source_of()
  unsigned waiting = 65536;              // for a place in set-up
  // In set-up or waiting for it: TCP slots. 0: those that a worker has beyond the sessions.
  unsigned slots = 0;
  size_t waiting_bytes = 64 << 20;  // of all their hellos
  // Hellos that wait for a thread: more in the queue would only make those in set-up wait.
  unsigned hellos_at_once = 32;
  unsigned requests = 16;       // per connection
  unsigned password_tries = 3;  // per connection
  unsigned handshake_s = 30;    // and for the first record to come
  unsigned wait_s = 60;         // from the first record to the place in set-up
  // While others wait and no place is left: silence for which a place is given to them.
  unsigned crowded_handshake_s = 5;
  unsigned crowded_login_s = 15;   // the client may come again for its next request
  unsigned request_s = 30;         // from the first byte of a request to its last
  unsigned login_s = 300;          // between requests: somebody types a password
  unsigned first_connect_s = 300;  // from the login to the first CONNECT
  unsigned close_s = 10;           // for a connection to end after we closed it
};

// Counted since the start.
struct SetupStats {
  uint64_t opened = 0;
  uint64_t waited = 0;         // said hello when no place was free
  uint64_t turned_away = 0;    // no room to wait, or less than others needed
  uint64_t wait_timeouts = 0;  // wait_s
  uint64_t made_way = 0;       // silent in set-up while others waited
  uint64_t not_tls = 0;        // first bytes were no TLS record: plain HTTP, garbage
  uint64_t handshakes = 0;
  uint64_t handshakes_failed = 0;
  uint64_t handshake_timeouts = 0;
  uint64_t login_timeouts = 0;  // idle, or a request that came too slowly
  uint64_t ended_early = 0;     // the client left before it had a tunnel
  uint64_t jobs_refused = 0;    // the queue of the handshake pool was full
  uint64_t requests = 0;
  uint64_t requests_refused = 0;   // broken, too large, wrong path or method
  uint64_t documents_refused = 0;  // broken XML or forms
  uint64_t logins = 0;
  uint64_t logins_failed = 0;
  uint64_t connects = 0;
  uint64_t connects_refused = 0;
  uint64_t promoted = 0;
  uint64_t key_updates = 0;  // keys that were renewed while a tunnel lived
};

}  // namespace culvert::control
