// The modes. Bytes are compared before they are consumed; buffers of an echo go back as they came.
#include "tests/dataplane/tcp_peer/application.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <rte_mbuf.h>

namespace culvert::tcp_peer {

namespace {

const char* text(tcp::CloseReason reason) noexcept {
  switch (reason) {
    case tcp::CloseReason::none: return "none";
    case tcp::CloseReason::finished: return "finished";
    case tcp::CloseReason::peer_reset: return "peer_reset";
    case tcp::CloseReason::local_abort: return "local_abort";
    case tcp::CloseReason::timed_out: return "timed_out";
    case tcp::CloseReason::handshake_failed: return "handshake_failed";
    case tcp::CloseReason::refused: return "refused";
  }
  return "unknown";
}

}  // namespace

void report_line(const std::string& json) {
  std::printf("%s\n", json.c_str());
  std::fflush(stdout);
}

bool Application::serve(tcp::Time now) {
  bool busy = false;
  for (tcp::Event event = endpoint_.next_event(); event.conn.generation != 0;
       event = endpoint_.next_event()) {
    busy = true;
    on_event(event, now);
  }
  for (auto& [slot, stream] : streams_) {
    if (stream.starved) advance(stream, now);
  }
  return busy;
}

void Application::start_reading(tcp::Time now) {
  reading_ = true;
  for (auto& [slot, stream] : streams_) {
    advance(stream, now);
  }
}

void Application::on_event(const tcp::Event& event, tcp::Time now) {
  if ((event.bits & tcp::event::kOpened) != 0) {
    streams_[event.conn.slot] = {.conn = event.conn};
    const dp::Flow& flow = endpoint_.flow(event.conn);
    report_line(fmt::format(R"({{"event": "opened", "peer": "{}:{}", "local": "{}:{}"}})",
                            flow.remote.to_string(), flow.remote_port, flow.local.to_string(),
                            flow.local_port));
  }
  const auto found = streams_.find(event.conn.slot);
  if (found == streams_.end() && event.bits == tcp::event::kClosed) {
    report_line(fmt::format(R"({{"event": "failed", "reason": "{}"}})",
                            text(endpoint_.close_reason(event.conn))));
    return endpoint_.release(event.conn);
  }
  if (found == streams_.end() || found->second.conn != event.conn) {
    report_line(R"({"event": "error", "text": "an event of an unknown connection"})");
    return;
  }
  Stream& stream = found->second;
  if ((event.bits & tcp::event::kPeerClosed) != 0) stream.peer_closed = true;
  advance(stream, now);
  if ((event.bits & tcp::event::kClosed) != 0) closed(stream);
}

void Application::advance(Stream& stream, tcp::Time now) {
  stream.starved = false;
  switch (mode_) {
    case Mode::echo: send_back(stream); break;
    case Mode::discard:
    case Mode::hold: read(stream); break;
    case Mode::source:
      send_pattern(stream);
      read(stream);
      break;
    case Mode::reset:
      if (endpoint_.readable(stream.conn) > 0) endpoint_.abort(stream.conn, now);
      break;
  }
  finish_if_done(stream);
}

// FIN once there is nothing left to send: for source all of its bytes, for the others whatever the
// peer's stream gave rise to.
void Application::finish_if_done(Stream& stream) {
  const bool done = mode_ == Mode::source
                        ? stream.out == to_send_
                        : stream.peer_closed && endpoint_.readable(stream.conn) == 0;
  if (!done || stream.shut) return;
  stream.shut = true;
  endpoint_.shutdown(stream.conn);
}

void Application::check(Stream& stream, std::span<const uint8_t> bytes) noexcept {
  const size_t good = pattern_.equal(stream.in, bytes);
  if (good < bytes.size() && stream.mismatch_at < 0) {
    stream.mismatch_at = static_cast<int64_t>(stream.in + good);
  }
  stream.in += bytes.size();
}

void Application::read(Stream& stream) {
  if (!reading_) return;
  for (auto bytes = endpoint_.front(stream.conn); !bytes.empty();
       bytes = endpoint_.front(stream.conn)) {
    bytes = bytes.first(std::min<size_t>(bytes.size(), Pattern::kMost));
    check(stream, bytes);
    endpoint_.consume(stream.conn, static_cast<uint32_t>(bytes.size()));
  }
}

void Application::send_back(Stream& stream) {
  for (auto bytes = endpoint_.front(stream.conn); !bytes.empty();
       bytes = endpoint_.front(stream.conn)) {
    const auto size = static_cast<uint32_t>(bytes.size());
    const uint32_t room = endpoint_.send_room(stream.conn);
    if (room >= size) {
      check(stream, bytes);
      rte_mbuf* m = endpoint_.take_front(stream.conn, size);
      if (!endpoint_.send(stream.conn, m)) {
        rte_pktmbuf_free(m);
        report_line(
            R"({"event": "error", "text": "send() refused what send_room() had promised"})");
        return;
      }
      stream.out += size;
      continue;
    }
    // What fits; or a try that is refused, so that kWritable is owed.
    bytes = bytes.first(std::max(room, 1u));
    if (!endpoint_.send_copy(stream.conn, bytes)) {
      stream.starved = room > 0;
      return;
    }
    check(stream, bytes);
    stream.out += bytes.size();
    endpoint_.consume(stream.conn, static_cast<uint32_t>(bytes.size()));
  }
}

void Application::send_pattern(Stream& stream) {
  while (stream.out < to_send_) {
    const uint32_t room = endpoint_.send_room(stream.conn);
    const uint64_t size =
        std::min({uint64_t{Pattern::kMost}, to_send_ - stream.out, uint64_t{std::max(room, 1u)}});
    if (!endpoint_.send_copy(stream.conn, pattern_.at(stream.out, static_cast<uint32_t>(size)))) {
      stream.starved = room > 0;
      return;
    }
    stream.out += size;
  }
}

void Application::closed(Stream& stream) {
  report_line(fmt::format(
      R"({{"event": "closed", "reason": "{}", "bytes_in": {}, "bytes_out": {}, "mismatch_at": {}}})",
      text(endpoint_.close_reason(stream.conn)), stream.in, stream.out, stream.mismatch_at));
  const dp::ConnId conn = stream.conn;
  streams_.erase(conn.slot);
  endpoint_.release(conn);
}

}  // namespace culvert::tcp_peer
