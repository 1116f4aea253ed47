// An answer is a session's or a slow reader's by the tunnel that it came down.
#include "tools/load/answers.hpp"

namespace culvert::load {

void Answers::take(uint32_t member, std::span<const uint8_t> packet, Time now) {
  const EchoReply reply = target_ ? read_echo_reply(packet, *target_) : EchoReply{};
  const bool astray = reply.verdict == EchoVerdict::intact && reply.mark.member != member;
  if (member >= sessions_) {
    take_of_slow_reader(member - sessions_, reply, astray, now);
    return;
  }
  tally_.bytes_down += packet.size();
  if (reply.verdict == EchoVerdict::foreign) {
    ++tally_.foreign;
    return;
  }
  // An answer that came down another's tunnel is as wrong as one with other bytes.
  if (astray || reply.verdict == EchoVerdict::damaged) {
    ++tally_.damaged;
    return;
  }
  if (ledger_.answered(reply.mark) != Answer::first) return;
  tally_.rtt.add(now - reply.mark.sent);
  if (Time& moved_at = moved_at_[member]; moved_at != 0) {
    tally_.roam.add(now - moved_at);
    moved_at = 0;
  }
}

void Answers::take_of_slow_reader(uint32_t reader, const EchoReply& reply, bool astray, Time now) {
  if (reply.verdict == EchoVerdict::foreign) {
    slow_readers_.got_foreign(reader);
  } else if (astray && reply.mark.member < sessions_) {
    ++tally_.damaged;  // the headend gave away what is a session's
  } else if (astray || reply.verdict == EchoVerdict::damaged) {
    slow_readers_.got_damaged(reader);
  } else if (slow_ledger_.answered(reply.mark) == Answer::first) {
    slow_readers_.answered(reader, now);
  }
}

}  // namespace culvert::load
