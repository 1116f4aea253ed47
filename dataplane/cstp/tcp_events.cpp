#include "dataplane/cstp/tcp_events.hpp"

#include "dataplane/cstp/output.hpp"
#include "dataplane/cstp/setup.hpp"

namespace culvert::cstp {

namespace {

EndReason end_reason(tcp::CloseReason reason) noexcept {
  switch (reason) {
    case tcp::CloseReason::peer_reset: return EndReason::peer_reset;
    case tcp::CloseReason::timed_out: return EndReason::timed_out;
    default: return EndReason::peer_closed;
  }
}

}  // namespace

void take_event(Context& c, Tunnel& t, const tcp::Event& event, OpenBurst& burst,
                const dp::BatchSink& up, Time now) noexcept {
  if ((event.bits & tcp::event::kPeerClosed) != 0) t.peer_closed = true;
  if ((event.bits & (tcp::event::kReadable | tcp::event::kPeerClosed)) != 0) {
    if (t.phase == Phase::tunnel) {
      // A tunnel that owes reads has had its turn in this loop.
      if ((t.owed & owed::kRead) == 0) burst.gather(t, up, now);
    } else if (t.phase == Phase::setup) {
      setup_readable(c, t);
    }
  }
  if ((event.bits & tcp::event::kRoom) != 0) has_room(c, t);
  if ((event.bits & tcp::event::kClosed) != 0) {
    // Records that are still in the burst belong to a connection that lived when they came.
    burst.finish(up, now);
    end(c, t, end_reason(c.tcp.close_reason(event.conn)));
  }
}

void read_owed(Context& c, OpenBurst& burst, const dp::BatchSink& up, Time now) noexcept {
  for (size_t i = 0; i < c.tunnels.owing.size(); ++i) {
    Tunnel& t = c.tunnels[c.tunnels.owing[i]];
    if ((t.owed & owed::kRead) != 0 && t.phase == Phase::tunnel) burst.gather(t, up, now);
  }
}

}  // namespace culvert::cstp
