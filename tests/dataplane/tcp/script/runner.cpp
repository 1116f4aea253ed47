// The clock, the peer's side and the reader of a script.
#include "tests/dataplane/tcp/script/runner.hpp"

#include <cstdio>

#include "tests/dataplane/tcp/script/notation.hpp"
#include "tests/dataplane/tcp/script/vocabulary.hpp"

namespace culvert::tcp::test::script {

namespace {

constexpr Time kLongest = 3600 * kSecond;  // that `*` waits

struct Unlike {  // what came true otherwise than written
  std::string sentence;
};

std::span<const uint8_t> bytes(const std::string& s) {
  return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}

class Run {
 public:
  explicit Run(const Script& script)
      : script_(script), wire_(script.config), start_(wire_.now), base_(wire_.now) {
    origin_.isn = Seq{script.peer_isn};
    origin_.clock = 100'000;
  }
  std::string all();

 private:
  // The clock.
  void collect();
  bool run_until_segment(Time limit);
  void settle(Time when);
  Sent next(const When& when);
  [[nodiscard]] std::string clock(Time at) const;
  void log(Time at, std::string_view what);

  // The peer.
  void give(const SegmentText& s);
  [[nodiscard]] std::vector<uint8_t> options(const SegmentText& s);

  // The steps.
  void step(const Give& give, const When& when);
  void step(const Expect& expect, const When& when);
  void step(const Open& open, const When& when);
  void step(const Quiet& quiet, const When& when);
  void step(const Ignore& ignore, const When& when);
  void step(const App& app, const When& when);
  void step(const Icmp& icmp, const When& when);
  void step(const Check& check, const When& when);
  void read(uint32_t size);
  [[nodiscard]] std::string checked(const Check& check);

  const Script& script_;
  Wire wire_;
  const Time start_;
  Time base_;  // of the next line
  const dp::Flow flow_ = Wire::default_flow();
  Origin origin_;
  bool iss_known_ = false;
  std::optional<Seq> syn_;  // the peer's last one
  bool peer_stamps_ = false;
  bool own_stamps_ = false;
  uint32_t last_stamp_ = 0;
  uint16_t window_ = 65535;
  std::deque<Sent> pending_;
  dp::ConnId conn_;
  uint8_t events_ = 0;  // since a script asked last
  uint32_t sent_ = 0;   // bytes that the reader has queued
  uint32_t read_ = 0;
  std::string_view text_;  // of the line that is being dealt with
  std::string log_;
};

std::string Run::clock(Time at) const {
  char text[32];
  std::snprintf(text, sizeof text, "%11.6f ", static_cast<double>(at - start_) / 1e6);
  return text;
}

void Run::log(Time at, std::string_view what) {
  log_.append(clock(at)).append(what).append("\n");
}

void Run::collect() {
  for (const Sent& s : wire_.out) {
    if ((s.flags & kSyn) != 0 && !iss_known_) {
      iss_known_ = true;
      origin_.iss = s.seq;
      origin_.stamp = s.options.ts_value;
      own_stamps_ = s.options.has_timestamps;
    }
    if (s.options.has_timestamps) last_stamp_ = s.options.ts_value;
    log(s.at, "> " + written(s, origin_));
    pending_.push_back(s);
  }
  wire_.out.clear();
  for (Event e = wire_.event(); e.conn.generation != 0; e = wire_.event()) {
    conn_ = e.conn;
    events_ |= e.bits;
  }
}

bool Run::run_until_segment(Time limit) {
  for (;;) {
    wire_.poll();
    collect();
    if (!pending_.empty()) return true;
    if (wire_.now >= limit) return false;
    wire_.now = std::max(wire_.now, std::min(limit, wire_.endpoint->next_deadline()));
  }
}

// Nothing may leave before `when`.
void Run::settle(Time when) {
  if (run_until_segment(when)) {
    throw Unlike{"nothing was to leave before this line, but at" + clock(pending_.front().at) +
                 "came\n      > " + written(pending_.front(), origin_)};
  }
  base_ = when;
  log(when, text_);
}

Sent Run::next(const When& when) {
  const Time limit = when.any ? base_ + kLongest : base_ + when.to;
  if (!run_until_segment(limit)) {
    throw Unlike{"nothing came until" + clock(limit)};
  }
  Sent sent = std::move(pending_.front());
  pending_.pop_front();
  if (!when.any && (sent.at < base_ + when.from || sent.at > limit)) {
    throw Unlike{"it was to come from" + clock(base_ + when.from) + "to" + clock(limit) + "but at" +
                 clock(sent.at) + "came\n      > " + written(sent, origin_)};
  }
  return sent;
}

std::vector<uint8_t> Run::options(const SegmentText& s) {
  const OptionList list = s.options.value_or(OptionList{});
  OptionWriter out;
  if (list.mss) out.mss(*list.mss);
  if (list.sack_ok) out.sack_permitted();
  if (list.stamp || (peer_stamps_ && own_stamps_ && !list.no_stamp)) {
    const Stamp stamp = list.stamp.value_or(Stamp{});
    const auto now = static_cast<uint32_t>((wire_.now - start_) / kMs);
    const bool answer = (s.flags & kAck) != 0;
    out.timestamps(origin_.clock + stamp.value.value_or(now), stamp.echo
                                                                  ? origin_.stamp + *stamp.echo
                                                              : answer ? last_stamp_
                                                                       : 0);
  }
  if (list.scale) out.window_scale(*list.scale);
  std::vector<SackBlock> blocks;
  for (const auto& [from, to] : list.sack) {
    blocks.push_back({origin_.iss + from, origin_.iss + to});
  }
  if (!blocks.empty()) out.sack(blocks);
  return option_bytes(out);
}

void Run::give(const SegmentText& s) {
  if (s.window) window_ = *s.window;
  if ((s.flags & kSyn) != 0) {
    const Seq at = origin_.isn + s.seq;
    // A SYN in another place begins another connection, of whose other side nothing is known yet.
    if ((s.flags & kAck) == 0 && syn_ && *syn_ != at) iss_known_ = false;
    if ((s.flags & kAck) == 0) syn_ = at;
    peer_stamps_ = s.options && s.options->stamp;
  }
  uint32_t done = 0;
  do {
    const uint32_t part = s.cut == 0 ? s.size : std::min(s.cut, s.size - done);
    const bool last = done + part == s.size;
    // The SYN is before the first byte of the stream.
    const std::string data = part > 0 ? pattern(part, kPeerPattern + s.seq + done - 1) : "";
    const auto flags = static_cast<uint8_t>(last ? s.flags : s.flags & ~kFin);
    wire_.give({.seq = origin_.isn + s.seq + done,
                .ack = s.ack ? origin_.iss + *s.ack : Seq{0},
                .flags = flags,
                .window = window_,
                .data = data,
                .options = options(s)},
               flow_);
    collect();
    done += part;
  } while (done < s.size);
}

void Run::step(const Give& g, const When& when) {
  settle(base_ + when.from);
  give(g.segment);
}

void Run::step(const Expect& e, const When& when) {
  const SegmentText& want = e.segment;
  uint32_t done = 0;
  Time last_at = base_;
  do {
    const uint32_t part = want.cut == 0 ? want.size : std::min(want.cut, want.size - done);
    SegmentText piece = want;
    if (done + part < want.size) piece.flags &= static_cast<uint8_t>(~kFin & ~kPsh);
    const Sent sent = next(when);
    const std::string wrong = difference(piece, want.seq + done, part, sent, origin_);
    if (!wrong.empty()) {
      throw Unlike{wrong + " is another, for at" + clock(sent.at) + "came\n      > " +
                   written(sent, origin_)};
    }
    last_at = sent.at;
    done += part;
  } while (done < want.size);
  base_ = last_at;
}

void Run::step(const Open& open, const When& when) {
  step(Give{{.flags = kSyn, .window = open.window, .options = open.options}}, when);
  step(Expect{{.flags = kSyn | kAck, .ack = 1}}, {.to = 0});
  step(Give{{.flags = kAck, .seq = 1, .ack = 1}}, {.from = open.rtt});
  if ((events_ & event::kOpened) == 0) throw Unlike{"the connection did not open"};
  events_ = 0;
}

void Run::step(const Quiet& quiet, const When& when) {
  settle(base_ + when.from + quiet.duration);
}

void Run::step(const Ignore&, const When& when) {
  const Time end = base_ + when.from;
  while (run_until_segment(end)) {
    pending_.clear();
  }
  base_ = end;
  log(end, text_);
}

void Run::read(uint32_t size) {
  const uint32_t there = wire_.endpoint->readable(conn_);
  if (there < size) throw Unlike{"only " + std::to_string(there) + " bytes are there"};
  std::string data(size, '\0');
  (void)wire_.endpoint->peek(conn_, 0, data.data(), size);
  if (data != pattern(size, kPeerPattern + read_)) throw Unlike{"a byte is another"};
  read_ += size;
  wire_.endpoint->consume(conn_, size);
}

void Run::step(const App& app, const When& when) {
  settle(base_ + when.from);
  Endpoint& endpoint = *wire_.endpoint;
  switch (app.verb) {
    case App::Verb::send:
    case App::Verb::refused: {
      const bool taken = endpoint.send_copy(conn_, bytes(pattern(app.bytes, kOwnPattern + sent_)));
      if (taken != (app.verb == App::Verb::send)) {
        throw Unlike{taken ? "the bytes were taken" : "the bytes were refused"};
      }
      if (taken) sent_ += app.bytes;
      break;
    }
    case App::Verb::connect:
      conn_ = endpoint.connect(flow_, wire_.now);
      if (conn_.generation == 0) throw Unlike{"the connection cannot be opened"};
      break;
    case App::Verb::read: read(app.bytes); break;
    case App::Verb::read_all: read(endpoint.readable(conn_)); break;
    case App::Verb::close: endpoint.shutdown(conn_); break;
    case App::Verb::abort: endpoint.abort(conn_, wire_.now); break;
    case App::Verb::release: endpoint.release(conn_); break;
    case App::Verb::keepalive:
      endpoint.set_keepalive(conn_, app.idle, app.interval, app.probes);
      break;
  }
  wire_.poll();
  collect();
}

void Run::step(const Icmp& icmp, const When& when) {
  settle(base_ + when.from);
  const DropReason reason = wire_.report(flow_, origin_.iss + icmp.seq, icmp.mtu);
  const std::string_view keyword =
      reason == DropReason::count_ ? std::string_view{} : dp::text(reason).keyword;
  if (keyword != icmp.reason) {
    throw Unlike{keyword.empty() ? "the report was heeded"
                                 : "the report was dropped: " + std::string(keyword)};
  }
  collect();
}

std::string Run::checked(const Check& check) {
  const Endpoint& endpoint = *wire_.endpoint;
  switch (check.what) {
    case Check::What::event: return names_of_events(std::exchange(events_, uint8_t{0}));
    case Check::What::state: return std::string(name_of(endpoint.state(conn_)));
    case Check::What::reason: return std::string(name_of(endpoint.close_reason(conn_)));
    case Check::What::readable: return std::to_string(endpoint.readable(conn_));
    case Check::What::send_mss: return std::to_string(endpoint.send_mss(conn_));
    case Check::What::path_mtu: return std::to_string(endpoint.path_mtu(conn_));
    case Check::What::buffers: return std::to_string(endpoint.buffers_held());
    case Check::What::counter:
      return std::to_string(counter(endpoint.counters(), check.name)->load());
    case Check::What::drop:
      return std::to_string(check.name == "any" ? all_drops(wire_.drops)
                                                : wire_.dropped(drop_reason(check.name)));
  }
  return {};
}

void Run::step(const Check& check, const When& when) {
  settle(base_ + when.from);
  const bool named = check.what <= Check::What::reason;
  const std::string want = named ? check.name : std::to_string(check.value);
  const std::string have = checked(check);
  if (have != want) throw Unlike{"it is " + have};
}

std::string Run::all() {
  for (const Step& s : script_.steps) {
    try {
      text_ = s.text;
      std::visit([&](const auto& action) { step(action, s.when); }, s.action);
    } catch (const Unlike& unlike) {
      return script_.name + ":" + std::to_string(s.line) + ": " + s.text + "\n    " +
             unlike.sentence + "\n  the exchange so far:\n" + log_;
    }
  }
  if (!pending_.empty()) {
    return script_.name + ": after the last line came\n    > " +
           written(pending_.front(), origin_) + "\n  the exchange:\n" + log_;
  }
  return {};
}

}  // namespace

std::string run(const Script& script) {
  return Run(script).all();
}

}  // namespace culvert::tcp::test::script
