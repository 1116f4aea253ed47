#include "tests/dataplane/tcp_peer/options.hpp"

#include <cstdlib>
#include <map>
#include <vector>

#include <CLI/CLI.hpp>

#include "dataplane/eal.hpp"

namespace culvert::tcp_peer {

namespace {

void parse_address(const std::string& text, Options& options) {
  const size_t slash = text.find('/');
  const auto address = dp::IpAddress::parse(text.substr(0, slash));
  const unsigned long bits =
      slash == std::string::npos ? 129 : std::strtoul(text.c_str() + slash + 1, nullptr, 10);
  if (!address || bits > (address->is_v4() ? 32 : 128)) {
    throw CLI::ValidationError("--address",
                               "'" + text + "' is not like 192.0.2.1/24 or 2001:db8::1/64");
  }
  options.address = *address;
  options.prefix = static_cast<uint8_t>(bits);
}

dp::IpAddress host(const char* option, const std::string& text) {
  const auto address = dp::IpAddress::parse(text);
  if (!address) throw CLI::ValidationError(option, "'" + text + "' is no address");
  return *address;
}

}  // namespace

Options parse_options(int argc, char** argv) {
  const std::map<std::string, Mode> modes{{"echo", Mode::echo},
                                          {"discard", Mode::discard},
                                          {"source", Mode::source},
                                          {"reset", Mode::reset},
                                          {"hold", Mode::hold}};
  const std::map<std::string, tcp::CongestionAlgorithm> algorithms{
      {"cubic", tcp::CongestionAlgorithm::cubic}, {"newreno", tcp::CongestionAlgorithm::newreno}};
  Options options;
  options.cpu = dp::allowed_cpus().back();  // the first one is where everybody else is
  std::string address;
  std::string connect;
  std::vector<std::string> sources;
  std::vector<uint64_t> keepalive;
  uint64_t time_wait = 100;

  CLI::App app{"The TCP endpoint alone on a port, for tests against another TCP"};
  app.add_option("--device", options.device, "as in the configuration")->required();
  app.add_option("--address", address, "ADDRESS/BITS of the port")->required();
  app.add_option("--port", options.port, "to listen on, or to connect to")->required();
  app.add_option("--connect", connect, "ADDRESS to open connections to");
  app.add_option("--connections", options.connections, "to open");
  app.add_option("--from", sources,
                 "ADDRESS,... that they come from, routed here by the other side")
      ->delimiter(',');
  app.add_option("--syn-retries", options.endpoint.max_connect_retransmits,
                 "before an attempt is given up");
  app.add_option("--mode", options.mode, "what to do with a connection")
      ->required()
      ->transform(CLI::CheckedTransformer(modes));
  app.add_option("--bytes", options.bytes, "to send in mode source");
  app.add_option("--mtu", options.mtu, "of the interface")->check(CLI::Range(576, 9198));
  app.add_flag("--offload", options.offload, "segmentation by the driver, if it offers that");
  app.add_option("--cpu", options.cpu, "to run on; the last one if not given");
  app.add_option("--receive-buffer", options.endpoint.receive_buffer, "bytes");
  app.add_option("--send-buffer", options.endpoint.send_buffer, "bytes");
  app.add_option("--tcpmss", options.endpoint.tcpmss_max, "largest MSS; 0 = what the MTU allows");
  app.add_option("--congestion", options.endpoint.congestion, "cubic or newreno")
      ->transform(CLI::CheckedTransformer(algorithms));
  app.add_flag("!--no-pacing", options.endpoint.pacing, "a window at once, if it may");
  app.add_option("--keepalive", keepalive, "IDLE,INTERVAL,PROBES: two times in ms, and a count")
      ->delimiter(',')
      ->expected(3);
  app.add_option("--time-wait", time_wait, "ms");
  try {
    app.parse(argc, argv);
    parse_address(address, options);
    if (!connect.empty()) options.connect = host("--connect", connect);
    for (const std::string& source : sources)
      options.sources.push_back(host("--from", source));
    if (sources.empty()) options.sources.push_back(options.address);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e));
  }
  if (!keepalive.empty()) {
    options.endpoint.keepalive_idle = keepalive[0] * 1000;
    options.endpoint.keepalive_interval = keepalive[1] * 1000;
    options.endpoint.keepalive_probes = static_cast<uint8_t>(keepalive[2]);
  }
  options.endpoint.time_wait = time_wait * 1000;
  options.endpoint.interface_mtu = options.mtu;
  return options;
}

}  // namespace culvert::tcp_peer
