// Reads scripts line by line; language.hpp says what a line may be.
#include "tests/dataplane/tcp/script/parser.hpp"

#include <array>
#include <fstream>
#include <sstream>

#include "dataplane/packet/headers.hpp"
#include "dataplane/tcp/timer_wheel.hpp"
#include "tests/dataplane/tcp/script/cursor.hpp"
#include "tests/dataplane/tcp/script/vocabulary.hpp"

namespace culvert::tcp::test::script {

namespace {

using dp::TcpHeader;

uint8_t flags(Cursor& in) {
  constexpr std::string_view kLetters = "FSRP.UEW";  // from the lowest bit on
  const size_t start = in.place();
  const std::string_view letters = in.token();
  uint8_t all = 0;
  for (size_t i = 0; i < letters.size(); ++i) {
    const size_t bit = kLetters.find(letters[i]);
    if (bit == std::string_view::npos) {
      in.fail_at(start + i, "a flag is one of `S F R P U E W .`");
    }
    all = static_cast<uint8_t>(all | 1u << bit);
  }
  if (all == 0) in.fail("flags are expected here");
  return all;
}

std::optional<uint32_t> number_or_any(Cursor& in, std::string_view what) {
  if (in.take("*")) return std::nullopt;
  return in.number<uint32_t>(what);
}

void one_option(Cursor& in, OptionList& list) {
  const size_t start = in.place();
  const std::string_view name = in.word();
  if (name == "mss") {
    list.mss = in.number<uint16_t>("the segment size");
  } else if (name == "wscale") {
    list.scale = in.number<uint8_t>("the shift");
  } else if (name == "sackOK") {
    list.sack_ok = true;
  } else if (name == "noTS") {
    list.no_stamp = true;
  } else if (name == "TS") {
    Stamp stamp;
    in.want("val", "`TS`");
    stamp.value = number_or_any(in, "the timestamp");
    in.want("ecr", "the timestamp");
    stamp.echo = number_or_any(in, "the echoed timestamp");
    list.stamp = stamp;
  } else if (name == "sack") {
    do {
      const auto from = in.number<uint32_t>("a block's first byte");
      in.want(":", "a block's first byte");
      list.sack.emplace_back(from, in.number<uint32_t>("a block's end"));
    } while (in.peek() != ',' && in.peek() != '>');
    if (list.sack.size() > 4) in.fail_at(start, "there is room for four blocks at most");
  } else if (name != "nop" && name != "eol") {
    in.fail_at(start, "an option is one of mss, wscale, sackOK, TS, noTS, sack, nop, eol");
  }
}

OptionList option_list(Cursor& in) {
  OptionList list;
  in.want("<", "this");
  while (!in.take(">")) {
    one_option(in, list);
    if (in.peek() != '>') in.want(",", "an option");
  }
  return list;
}

SegmentText segment(Cursor& in) {
  SegmentText s;
  s.flags = flags(in);
  s.seq = in.number<uint32_t>("the sequence number");
  in.want(":", "the sequence number");
  const size_t end_place = in.place();
  const auto end = in.number<uint32_t>("the end");
  in.want("(", "the end");
  s.size = in.number<uint32_t>("the size");
  if (in.take("/")) {
    s.cut = in.number<uint32_t>("the size of each segment");
    if (s.cut == 0) in.fail("segments have a size");
  }
  in.want(")", "the size");
  if (end != s.seq + s.size) in.fail_at(end_place, "the end is not where the size puts it");
  const bool acknowledges = (s.flags & TcpHeader::kAck) != 0;
  if (in.take("ack")) {
    if (!acknowledges) in.fail("`ack` belongs to segments with the flag `.`");
    s.ack = in.number<uint32_t>("the acknowledged byte");
  } else if (acknowledges) {
    in.fail("`ack` is missing");
  }
  if (in.take("win")) s.window = in.number<uint16_t>("the window");
  if (in.peek() == '<') s.options = option_list(in);
  return s;
}

Open open_line(Cursor& in) {
  Open open;
  if (in.take("win")) open.window = in.number<uint16_t>("the window");
  if (in.take("rtt")) open.rtt = in.duration("the round-trip time");
  if (!in.done()) open.options = option_list(in);
  return open;
}

App app_line(Cursor& in) {
  const size_t start = in.place();
  const std::string_view verb = in.word();
  App app;
  if (verb == "send") {
    app.bytes = in.number<uint32_t>("how many bytes");
    app.verb = in.take("refused") ? App::Verb::refused : App::Verb::send;
  } else if (verb == "read") {
    app.verb = in.take("all") ? App::Verb::read_all : App::Verb::read;
    if (app.verb == App::Verb::read) app.bytes = in.number<uint32_t>("how many bytes");
  } else if (verb == "connect") {
    app.verb = App::Verb::connect;
  } else if (verb == "close") {
    app.verb = App::Verb::close;
  } else if (verb == "abort") {
    app.verb = App::Verb::abort;
  } else if (verb == "release") {
    app.verb = App::Verb::release;
  } else if (verb == "keepalive") {
    app.verb = App::Verb::keepalive;
    app.idle = in.duration("the idle time");
    app.interval = in.duration("the interval");
    app.probes = in.number<uint8_t>("the number of probes");
  } else {
    in.fail_at(start, "an app line says connect, send, read, close, abort, release or keepalive");
  }
  return app;
}

Icmp icmp_line(Cursor& in) {
  Icmp icmp;
  in.want("mtu", "`icmp:`");
  icmp.mtu = in.number<uint16_t>("the MTU");
  in.want("seq", "the MTU");
  icmp.seq = in.number<uint32_t>("the sequence number");
  const size_t start = in.place();
  icmp.reason = in.word();
  if (!icmp.reason.empty() && !known(Check::What::drop, icmp.reason)) {
    in.fail_at(start, "no drop reason is called `" + icmp.reason + "`");
  }
  return icmp;
}

struct CheckWord {
  std::string_view word;
  Check::What what;
  bool named;
  bool counted;
};
constexpr std::array<CheckWord, 9> kChecks{{
    {"event", Check::What::event, true, false},
    {"state", Check::What::state, true, false},
    {"reason", Check::What::reason, true, false},
    {"readable", Check::What::readable, false, true},
    {"send_mss", Check::What::send_mss, false, true},
    {"path_mtu", Check::What::path_mtu, false, true},
    {"buffers", Check::What::buffers, false, true},
    {"counter", Check::What::counter, true, true},
    {"drop", Check::What::drop, true, true},
}};

Check check_line(Cursor& in) {
  const size_t start = in.place();
  const std::string_view word = in.word();
  for (const CheckWord& c : kChecks) {
    if (c.word != word) continue;
    Check check;
    check.what = c.what;
    const size_t name_place = in.place();
    if (c.named) check.name = in.word();
    if (c.named && !known(c.what, check.name)) {
      in.fail_at(name_place, "no " + std::string(word) + " is called `" + check.name + "`");
    }
    if (c.counted) check.value = in.number<uint64_t>("the value");
    return check;
  }
  in.fail_at(start,
             "what can be expected is event, state, reason, readable, send_mss, path_mtu, buffers, "
             "counter, drop");
}

void set_line(Cursor& in, Script& script) {
  const size_t start = in.place();
  const std::string_view key = in.word();
  if (in.done()) in.fail("a value is expected after the key");
  if (key == "congestion") {
    if (!choose_congestion(script, in.word())) in.fail("the choice is cubic or newreno");
    return;
  }
  // A duration has a unit; everything else is a whole number.
  const std::string_view rest = in.rest();
  const bool duration = rest.find_first_not_of("0123456789 \t") != std::string_view::npos;
  const uint64_t value = duration ? in.duration("the value") : in.number<uint64_t>("the value");
  if (!apply_setting(script, key, value)) {
    in.fail_at(start, "no setting is called `" + std::string(key) + "`");
  }
}

// `+.1`, `+.1~+.2`, `*`; nothing is at once.
bool when(Cursor& in, When& out) {
  if (in.take("*")) {
    out.any = true;
    return true;
  }
  if (!in.take("+")) return false;
  out.from = in.duration("a time");
  out.to = out.from + TimerWheel::kTick;
  if (in.take("~")) {
    in.want("+", "`~`");
    const size_t place = in.place();
    out.to = in.duration("a time");
    if (out.to < out.from) in.fail_at(place, "the second time is the later one");
  }
  return true;
}

void line(Cursor& in, Script& script, int number) {
  if (in.take("set:")) {
    if (!script.steps.empty()) in.fail_at(0, "settings come before everything else");
    return set_line(in, script);
  }
  Step step;
  step.line = number;
  const size_t start = in.place();
  const bool timed = when(in, step.when);
  step.text = in.rest();
  const size_t action = in.place();
  bool needs_time = false;
  if (in.take("<")) {
    step.action = Give{segment(in)};
    needs_time = true;
  } else if (in.take(">")) {
    step.action = Expect{segment(in)};
    needs_time = true;
  } else if (in.take("open")) {
    step.action = open_line(in);
  } else if (in.take("quiet")) {
    step.action = Quiet{in.duration("how long")};
  } else if (in.take("ignore")) {
    step.action = Ignore{};
    needs_time = true;
  } else if (in.take("app:")) {
    step.action = app_line(in);
  } else if (in.take("icmp:")) {
    step.action = icmp_line(in);
  } else if (in.take("expect:")) {
    step.action = check_line(in);
  } else {
    in.fail_at(action, "a line says `<`, `>`, open, quiet, ignore, app:, icmp:, expect: or set:");
  }
  if (needs_time && !timed) in.fail_at(start, "a time is missing, as in `+0`");
  const bool exact = !step.when.any && step.when.to == step.when.from + TimerWheel::kTick;
  if (timed && !exact && !std::holds_alternative<Expect>(step.action)) {
    in.fail_at(start, "only what the endpoint sends has a range of times");
  }
  script.steps.push_back(std::move(step));
}

}  // namespace

Script parse(std::string_view text, std::string_view name) {
  Script script;
  script.name = name;
  int number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view row = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    ++number;
    row = row.substr(0, row.find("//"));
    while (!row.empty() && (row.back() == ' ' || row.back() == '\t' || row.back() == '\r')) {
      row.remove_suffix(1);
    }
    Cursor in(name, number, row);
    if (in.done()) continue;
    line(in, script, number);
    if (!in.done()) in.fail("nothing more is expected in this line");
  }
  if (script.steps.empty()) throw BadScript(std::string(name) + ":1:1: the script has no line");
  return script;
}

Script parse_file(const std::string& path, std::string_view name) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + " cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return parse(text.str(), name);
}

}  // namespace culvert::tcp::test::script
