// The segment that was expected (RFC 9293 §3.10.7.4 for ESTABLISHED, header prediction): in order,
// nothing lost in either direction, no flag but ACK and PSH. Everything else is input_slow.cpp's.
// Drops: none.
#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

using dp::TcpHeader;

bool Machine::input_fast(Connection& c, Segment& s) noexcept {
  if (c.state != State::established || c.released) return false;
  if ((s.flags & ~TcpHeader::kPsh) != TcpHeader::kAck) return false;
  if (s.seq != c.rcv_nxt || s.size > c.rcv_wnd() || c.fin_known) return false;
  if (c.recovery != Recovery::open || c.dup_acks != 0 || s.options.sack_count != 0) return false;
  if (s.ack < c.snd_una || s.ack > c.snd_nxt) return false;
  if (c.timestamps != s.options.has_timestamps) return false;
  if (c.timestamps && static_cast<int32_t>(s.options.ts_value - c.ts_recent) < 0) return false;
  // An ACK without data that moves nothing may be a duplicate.
  if (s.size == 0 && s.ack == c.snd_una && c.flight() > 0) return false;
  if (s.size > 0 && c.receive.has_gap()) return false;

  remember_timestamp(c, s);
  c.last_rx = now_;
  if (s.ack != c.snd_una) {
    News news = news_before(c);
    on_new_ack(c, s, news);
    repair(c, s, news);
  }
  update_window(c, s);
  if (s.size > 0) {
    on_text(c, s);
  } else {
    activate(c);
  }
  return true;
}

}  // namespace culvert::tcp
