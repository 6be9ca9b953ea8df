# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch files: what they ask and what they start, with the real launch where there is one."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
import re
import runpy
import sys
from types import ModuleType, SimpleNamespace

from ament_index_python.packages import PackageNotFoundError
import pytest
import yaml

from promptda_ros import presets
from promptda_ros.camera.products import PRODUCTS
from promptda_ros.core.errors import ExitCode
from promptda_ros.core.settings import describe
from promptda_ros.core.settings.setting import SettingError
from promptda_ros.tools.play import CAMERA_INFO_TOPIC, DEPTH_TOPIC, IMAGE_TOPIC

REPOSITORY = Path(__file__).resolve().parents[1]
LAUNCH_FILES = sorted((REPOSITORY / 'launch').glob('*.launch.py'))
DEPTH = REPOSITORY / 'launch' / 'depth.launch.py'
DEMO = REPOSITORY / 'launch' / 'demo.launch.py'
MANAGED = REPOSITORY / 'launch' / 'managed.launch.py'
OURS = '/**:\n  ros__parameters: {device: cpu}\n'
LAUNCH_NAMES = {
    'launch': ['LaunchContext', 'LaunchDescription'],
    'launch.actions': [
        'DeclareLaunchArgument',
        'ExecuteProcess',
        'IncludeLaunchDescription',
        'EmitEvent',
        'LogInfo',
        'OpaqueFunction',
        'SetEnvironmentVariable',
    ],
    'launch.events': ['matches_action'],
    'launch.events.process': ['ProcessExited', 'ShutdownProcess'],
    'launch.substitutions': ['LaunchConfiguration'],
    'launch_ros': [],
    'launch_ros.actions': ['Node'],
    'launch_ros.substitutions': ['ExecutableInPackage'],
}


class Recorded:
    """Remember what a launch action was made with."""

    def __init__(self, *args, **kwargs):
        self.args = args
        self.kwargs = kwargs


@pytest.fixture
def recorded_launch(monkeypatch):
    """Put recorders in place of launch, which PyPI lacks, and so see what a launch file makes."""
    for module_name, names in LAUNCH_NAMES.items():
        module = ModuleType(module_name)
        for name in names:
            setattr(module, name, type(name, (Recorded,), {}))
        monkeypatch.setitem(sys.modules, module_name, module)


@pytest.fixture
def depth_launch(recorded_launch):
    """Read depth.launch.py."""
    return runpy.run_path(str(DEPTH))


@pytest.fixture
def defaults(depth_launch):
    """Each argument of depth.launch.py with its default."""
    return {action.args[0]: action.kwargs['default_value'] for action in depth_launch['ARGUMENTS']}


@pytest.fixture
def rviz(tmp_path, monkeypatch):
    """Install what stands for RViz and foxglove_bridge."""
    for package in ('rviz2', 'foxglove_bridge'):
        program = tmp_path / 'prefix' / 'lib' / package / package
        program.parent.mkdir(parents=True)
        program.touch()
    monkeypatch.setattr(
        'ament_index_python.packages.get_package_prefix', lambda name: str(tmp_path / 'prefix')
    )


@pytest.fixture
def start(rviz, depth_launch, defaults, tmp_path):
    """Start depth.launch.py with arguments; return the actions it makes."""
    (tmp_path / 'params.yaml').write_text(OURS)
    defaults['params_file'] = str(tmp_path / 'params.yaml')

    def start_with(environment=None, **arguments):
        context = SimpleNamespace(
            launch_configurations={**defaults, **arguments}, environment=environment or {}
        )
        return depth_launch['start'](context)

    return start_with


def made(actions, kind):
    """Return the actions of a kind."""
    return [action for action in actions if type(action).__name__ == kind]


def the_node(actions):
    """Return what the depth node was made with."""
    (node,) = (node for node in made(actions, 'Node') if node.kwargs['package'] == 'promptda_ros')
    return node.kwargs


def declarations(path):
    """Return each DeclareLaunchArgument call of a launch file: its keywords as written."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [
        {keyword.arg: keyword.value for keyword in call.keywords}
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == 'DeclareLaunchArgument'
    ]


@pytest.mark.parametrize('path', LAUNCH_FILES, ids=lambda path: path.name)
def test_every_argument_is_described(path):
    """A12: `ros2 launch ... -s` explains each argument in a sentence."""
    assert declarations(path)
    for keywords in declarations(path):
        description = ast.literal_eval(keywords['description'])
        assert description.endswith('.')
        assert len(description) > 15


@pytest.mark.parametrize('path', LAUNCH_FILES, ids=lambda path: path.name)
def test_every_switch_takes_on_and_off_alone(path):
    """A12: launch itself refuses anything else, and lists both."""
    names = {'YES_NO': ['true', 'false']}
    for keywords in declarations(path):
        default = keywords.get('default_value')
        if isinstance(default, ast.Constant) and default.value in names['YES_NO']:
            choices = keywords['choices']
            given = names.get(getattr(choices, 'id', '')) or ast.literal_eval(choices)
            assert given == names['YES_NO']


def test_a_setting_of_a_few_values_takes_the_same_as_an_argument(depth_launch):
    """A12: with nothing for the default of the parameter file."""
    of_settings = {setting.name: setting.choices for setting in describe() if setting.choices}
    for action in depth_launch['ARGUMENTS']:
        name = f'input.{action.args[0]}'
        if name in of_settings:
            assert action.kwargs['choices'] == ['', *of_settings.pop(name)]
    assert {'input.image_transport', 'input.depth_transport'}.isdisjoint(of_settings)


def test_arguments_are_those_of_the_documentation(defaults):
    assert set(defaults) >= {
        'image_topic',
        'depth_topic',
        'camera_info_topic',
        'depth_camera_info_topic',
        'confidence_topic',
        'mask_topic',
        'image_transport',
        'depth_transport',
        'camera',
        'cameras',
        'params_file',
        'namespace',
        'name',
        'model',
        'device',
        'rviz',
        'foxglove',
        'use_sim_time',
        'log_level',
        'respawn',
    }


def test_bare_launch_takes_the_file_of_the_package(defaults):
    assert defaults['params_file'] == str(REPOSITORY / 'config/promptda.yaml')
    assert Path(defaults['params_file']).is_file()


def test_bare_launch_leaves_every_parameter_to_the_file(start, defaults):
    assert the_node(start())['parameters'] == [defaults['params_file'], {}]


def test_missing_parameter_file_is_not_passed_over(start, tmp_path):
    """Launch only warns, and a misspelt file would mean defaults."""
    with pytest.raises(RuntimeError, match=r'typo.yaml is not a file'):
        start(params_file=str(tmp_path / 'typo.yaml'))


def test_arguments_that_are_given_win_over_the_file(start, tmp_path):
    mine = tmp_path / 'mine.yaml'
    mine.write_text(OURS)

    node = the_node(
        start(model='vitl', device='cuda:1', use_sim_time='true', params_file=str(mine))
    )

    assert node['parameters'] == [
        str(mine),
        {'model.name': 'vitl', 'device': 'cuda:1', 'use_sim_time': True},
    ]


def test_model_with_a_slash_is_a_folder(start):
    assert the_node(start(model='./mine'))['parameters'][1] == {'model.path': 'mine'}
    assert the_node(start(model='~/mine'))['parameters'][1] == {
        'model.path': str(Path.home() / 'mine')
    }


def test_overridden_parameters_exist(start):
    overrides = the_node(start(model='vitl', device='cpu'))['parameters'][1]
    overrides |= the_node(start(model='/vitl'))['parameters'][1]

    assert set(overrides) <= {setting.name for setting in describe()}


@pytest.mark.parametrize(
    'image_topic, camera_info_topic',
    [
        ('/camera/color/image_raw', '/camera/color/camera_info'),
        ('/image', '/camera_info'),
        ('image', 'camera_info'),
        ('left/image_rect', 'left/camera_info'),
    ],
)
def test_camera_info_is_taken_from_beside_the_image(start, image_topic, camera_info_topic):
    remappings = dict(the_node(start(image_topic=image_topic))['remappings'])

    assert remappings['image'] == image_topic
    assert remappings['camera_info'] == camera_info_topic


def test_image_and_depth_of_one_namespace_have_one_calibration(start):
    """K5: then the node refuses depth of another frame, see node/test_pipeline.py."""
    remappings = dict(
        the_node(start(image_topic='/my/image_raw', depth_topic='/my/depth'))['remappings']
    )

    assert remappings['camera_info'] == remappings['depth_camera_info'] == '/my/camera_info'


@pytest.mark.parametrize('name', presets.names())
def test_only_presets_of_one_camera_have_one_calibration(start, name):
    """K5: of the others the node would refuse depth of another frame."""
    remappings = dict(the_node(start(camera=name))['remappings'])
    page = (REPOSITORY / 'docs/recipes/cameras.md').read_text()
    (row,) = (line for line in page.splitlines() if line.startswith(f'| [`{name}`]'))

    if remappings['camera_info'] == remappings['depth_camera_info']:
        assert 'from the same camera' in row


def test_bare_launch_listens_to_todays_realsense_and_to_promptda_play(start):
    bare = the_node(start())['remappings']

    assert bare == the_node(start(camera='realsense_d435'))['remappings']
    topics = {IMAGE_TOPIC, DEPTH_TOPIC, CAMERA_INFO_TOPIC}
    assert topics <= {*dict(bare).values()}


def test_topics_that_are_given_are_remapped(start):
    node = the_node(start(image_topic='/i', depth_topic='/d', camera_info_topic='/c'))

    assert dict(node['remappings']) == {
        'image': '/i',
        'depth': '/d',
        'camera_info': '/c',
        'depth_camera_info': '/camera_info',
    }


def test_topics_without_a_default_are_remapped_only_when_given(start):
    node = the_node(start(mask_topic='/m', depth_camera_info_topic='/dc', confidence_topic='/co'))

    remappings = dict(node['remappings'])
    assert (remappings['mask'], remappings['confidence']) == ('/m', '/co')
    assert remappings['depth_camera_info'] == '/dc'
    assert not {'mask', 'confidence'} & {*dict(the_node(start())['remappings'])}


def test_a_known_camera_brings_its_topics_and_parameters(start, defaults):
    node = the_node(
        start(
            camera='realsense_d435_unaligned', params_file=str(REPOSITORY / 'config/promptda.yaml')
        )
    )
    preset = presets.load('realsense_d435_unaligned')

    remappings = dict(node['remappings'])
    assert remappings == {**remappings, **preset.topics}
    assert remappings['camera_info'] == '/camera/camera/color/camera_info'
    assert node['parameters'][1:] == [preset.parameters, {}]


def test_what_is_given_wins_over_a_known_camera(start, tmp_path):
    """Also the user's own file, which states what was meant; the package's states defaults."""
    node = the_node(
        start(camera='realsense_d435_unaligned', depth_topic='/d/image', depth_transport='points')
    )

    assert dict(node['remappings'])['depth'] == '/d/image'
    assert dict(node['remappings'])['depth_camera_info'] == '/d/camera_info'
    preset = presets.load('realsense_d435_unaligned').parameters
    mine, last = str(tmp_path / 'params.yaml'), {'input.depth_transport': 'points'}
    assert node['parameters'] == [preset, mine, last]


@pytest.mark.parametrize('name', presets.names())
def test_every_known_camera_can_be_started(start, name):
    node = the_node(start(camera=name))

    known = {setting.name for setting in describe()}
    assert all(set(each) <= known for each in node['parameters'] if isinstance(each, dict))
    assert {'image', 'depth', 'camera_info'} <= {*dict(node['remappings'])}


def test_known_cameras_are_the_choices(depth_launch):
    (camera,) = (each for each in depth_launch['ARGUMENTS'] if each.args[0] == 'camera')
    assert camera.kwargs['choices'] == ['', *presets.names()]


def test_several_cameras_have_topics_in_namespaces_of_their_names(start):
    node = the_node(start(cameras='left, wrist', depth_topic='depth/image', mask_topic='/mask'))

    assert node['parameters'][1] == {'cameras': ['left', 'wrist']}
    remappings = dict(node['remappings'])
    assert remappings['left/image'] == '/left/camera/color/image_raw'
    assert remappings['wrist/camera_info'] == '/wrist/camera/color/camera_info'
    assert remappings['left/depth'] == 'left/depth/image'
    assert remappings['wrist/mask'] == '/wrist/mask'
    assert 'image' not in remappings


def test_processes_share_the_cameras_in_order(start):
    nodes = [each.kwargs for each in made(start(cameras='a,b,c,d,e', processes='2'), 'Node')]

    assert [node['name'] for node in nodes] == ['promptda', 'promptda_2']
    shared = [node['parameters'][1]['cameras'] for node in nodes]
    assert shared == [['a', 'b'], ['c', 'd', 'e']]
    assert dict(nodes[1]['remappings'])['c/image'] == '/c/camera/color/image_raw'
    assert nodes[1]['ros_arguments'] == ['--log-level', 'promptda_2:=info']


@pytest.mark.parametrize('cameras', ['', 'left,right'])
def test_a_process_without_a_camera_is_refused(start, cameras):
    with pytest.raises(RuntimeError, match=r'processes:=3 is more than the [12] of cameras'):
        start(cameras=cameras, processes='3')


def test_rviz_shows_the_first_of_several_cameras(start):
    rviz = made(start(cameras='left,wrist', rviz='true'), 'Node')[1].kwargs
    assert dict(rviz['remappings'])['/promptda/points'] == '/promptda/left/points'


def test_names_move_together(start):
    """A11: namespace and name reach the node, its log level and RViz."""
    actions = start(namespace='/robot1', name='wrist', log_level='debug', rviz='true')
    node = the_node(actions)
    rviz = made(actions, 'Node')[1].kwargs

    assert (node['namespace'], node['name']) == ('/robot1', 'wrist')
    assert node['ros_arguments'] == ['--log-level', 'robot1.wrist:=debug']
    assert dict(rviz['remappings'])['/promptda/points'] == '/robot1/wrist/points'


def end_of(node, *, returncode, is_shutdown=False):
    """Return what follows when a node ends with a code."""
    event = SimpleNamespace(returncode=returncode, process_name='promptda_node-1', action=node)
    return node['on_exit'](event, SimpleNamespace(is_shutdown=is_shutdown))


def test_respawn_waits_so_that_a_node_that_cannot_start_does_not_spin(start):
    assert not the_node(start())['respawn']
    node = the_node(start(respawn='true'))
    assert (node['respawn'], node['respawn_delay']) == (True, 2.0)
    for returncode in (0, ExitCode.INTERNAL, ExitCode.GPU_LOST, -9, -11):
        assert end_of(node, returncode=int(returncode)) == []


@pytest.mark.parametrize('returncode', [ExitCode.CONFIGURATION, ExitCode.MODEL_OR_DEVICE])
def test_what_a_restart_does_not_change_is_not_started_again(start, returncode):
    node = the_node(start(respawn='true'))
    said, stop = end_of(node, returncode=int(returncode))
    assert f'exit code {int(returncode)} of promptda_node-1' in said.kwargs['msg']
    matcher = stop.kwargs['event'].kwargs['process_matcher']
    assert matcher.args == (node,)
    assert end_of(node, returncode=int(returncode), is_shutdown=True) == []


# Refusals, before anything runs


@pytest.mark.parametrize(
    ('argument', 'debian'), [('rviz', 'rviz2'), ('foxglove', 'foxglove-bridge')]
)
def test_without_a_viewer_nothing_is_started(
    argument, debian, defaults, tmp_path, start, monkeypatch
):
    """K22: launch would leave the node behind, without a parent."""

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr('ament_index_python.packages.get_package_prefix', missing)
    monkeypatch.setitem(os.environ, 'ROS_DISTRO', 'jazzy')
    again = runpy.run_path(str(DEPTH))
    context = SimpleNamespace(launch_configurations={**defaults, argument: 'true'}, environment={})
    said = f'install ros-jazzy-{debian}, or set {argument}:=false'
    with pytest.raises(RuntimeError, match=said):
        again['start'](context)


@pytest.mark.parametrize(
    'arguments, text',
    [
        ({'cameras': 'left,le-ft'}, "'le-ft' can't be part of a ROS name"),
        ({'cameras': '3'}, "'3' can't be part of a ROS name"),
        ({'cameras': 'left,'}, "'' can't be part of a ROS name"),
        ({'cameras': 'l' * 300}, 'has 300 letters > 64'),
        ({'cameras': 'left,left'}, 'name one camera twice'),
        ({'cameras': 'sync'}, 'is the name of parameters already'),
        ({'name': 'my-node'}, "'my-node' can't be part of a ROS name"),
        ({'namespace': 'a/b c'}, "'b c' can't be part of a ROS name"),
        ({'namespace': '/'.join(['robot'] * 40)}, 'letters > 247, which ROS refuses'),
    ],
)
def test_names_that_ros_refuses_are_refused_before_anything_starts(start, arguments, text):
    """K22: one sentence that names the name."""
    with pytest.raises(SettingError) as refused:
        start(**arguments)
    assert text in str(refused.value)


@pytest.mark.parametrize('content', ['', '/other:\n  ros__parameters: {device: cpu}\n'])
def test_a_file_for_no_node_of_ours_is_refused(start, tmp_path, content):
    """K16: rcl would pass over it, and the node run on defaults."""
    mine = tmp_path / 'mine.yaml'
    mine.write_text(content)
    with pytest.raises(SettingError, match='has no parameters of /robot1/promptda'):
        start(params_file=str(mine), namespace='robot1')


def test_a_file_must_have_parameters_of_every_process(start, tmp_path):
    mine = tmp_path / 'mine.yaml'
    mine.write_text('/promptda:\n  ros__parameters: {device: cpu}\n')
    start(params_file=str(mine))
    with pytest.raises(SettingError, match=r'no parameters of /promptda_2, only of /promptda:'):
        start(params_file=str(mine), cameras='a,b', processes='2')


def test_environment_for_large_images_comes_before_the_node(start):
    actions = start()
    kinds = [type(action).__name__ for action in actions]

    assert [*dict.fromkeys(kinds)] == ['SetEnvironmentVariable', 'Node']
    assert any(action.args[0] == 'FASTRTPS_DEFAULT_PROFILES_FILE' for action in actions[:-1])


def test_environment_of_the_user_is_kept(start):
    actions = start(environment={'FASTRTPS_DEFAULT_PROFILES_FILE': 'mine.xml'})

    names = {action.args[0] for action in made(actions, 'SetEnvironmentVariable')}
    assert not any('PROFILES_FILE' in name for name in names)


@pytest.mark.parametrize('frame', ['left_optical', '/left_optical'])
def test_rviz_comes_only_when_asked(start, frame):
    """K17: a slash before the frame, which TF refuses, is no part of it."""
    assert len(made(start(), 'Node')) == 1
    rviz = made(start(rviz='true', rviz_frame=frame), 'Node')[1].kwargs
    assert rviz['arguments'][1:] == [
        str(REPOSITORY / 'config/promptda.rviz'),
        '-f',
        'left_optical',
    ]
    assert Path(rviz['arguments'][1]).is_file()


def test_rviz_shows_topics_that_the_node_has():
    """A display with a best-effort subscription receives from every publisher."""
    config = yaml.safe_load((REPOSITORY / 'config/promptda.rviz').read_text())
    displays = config['Visualization Manager']['Displays']
    topics = [display['Topic'] for display in displays if 'Topic' in display]

    outputs = ('depth/preview', 'depth/image_rect', 'points')
    assert {topic['Value'] for topic in topics} == {f'/promptda/{output}' for output in outputs}
    assert {topic['Reliability Policy'] for topic in topics} == {'Best Effort'}


def test_foxglove_is_given_the_topics_of_the_node_and_its_inputs_alone(start):
    assert len(made(start(), 'Node')) == 1
    bridge = made(start(foxglove='true', namespace='robot1'), 'Node')[1].kwargs
    (parameters,) = bridge['parameters']
    assert parameters['address'] == '127.0.0.1'

    def is_shown(topic):
        return any(re.fullmatch(each, topic) for each in parameters['topic_whitelist'])

    inputs = ('color/image_raw', 'aligned_depth_to_color/image_raw', 'color/camera_info')
    shown = [f'/camera/camera/{topic}' for topic in inputs]
    shown += ['/camera/camera/color/image_raw/compressed', '/diagnostics', '/tf', '/tf_static']
    shown += ['/robot1/promptda/points', '/robot1/promptda/depth/image_rect']
    assert [topic for topic in shown if not is_shown(topic)] == []
    others = ('/cmd_vel', '/promptda/points', '/camera/camera/infra1/image_rect_raw', '/rosout')
    assert [topic for topic in others if is_shown(topic)] == []


def test_foxglove_is_given_the_cameras_of_every_process(start):
    actions = start(foxglove='true', cameras='left,right', processes='2')
    (bridge,) = (
        node.kwargs
        for node in made(actions, 'Node')
        if node.kwargs['package'] == 'foxglove_bridge'
    )
    (parameters,) = bridge['parameters']
    for topic in (
        '/left/camera/color/image_raw',
        '/promptda/left/points',
        '/promptda_2/right/points',
    ):
        assert any(re.fullmatch(each, topic) for each in parameters['topic_whitelist']), topic


def test_the_layout_of_foxglove_shows_topics_that_there_are(start):
    layout = json.loads((REPOSITORY / 'config/foxglove_layout.json').read_text())
    text = json.dumps(layout)
    topics = set(re.findall(r'"(/[a-z_/]+)"', text))
    node = the_node(start())
    known = {topic for _, topic in node['remappings']} | {'/diagnostics'}
    known |= {f'/promptda/{output}' for output in PRODUCTS}
    assert topics <= known
    panels = set(re.findall(r'"(?:first|second)": "([^"]+)"', text))
    assert panels == layout['configById'].keys()


def test_demo_plays_in_a_loop_into_the_node(recorded_launch):
    demo = runpy.run_path(str(DEMO))['generate_launch_description']()
    (included,) = made(demo.args[0], 'IncludeLaunchDescription')
    (player,) = made(demo.args[0], 'ExecuteProcess')

    assert included.args == (str(DEPTH),)
    assert player.kwargs['cmd'][1:] == ['play', '--loop']


# Under a lifecycle manager


@pytest.fixture
def managed(recorded_launch, defaults, tmp_path, monkeypatch):
    """Return managed.launch.py with nav2 installed, and what calls a function of it."""
    monkeypatch.setattr(
        'ament_index_python.packages.get_package_prefix', lambda name: str(tmp_path)
    )
    launch = runpy.run_path(str(MANAGED))
    own = {each.args[0]: each.kwargs['default_value'] for each in launch['ARGUMENTS']}

    def call(function, **arguments):
        given = {**defaults, **own, **arguments}
        return launch[function](SimpleNamespace(launch_configurations=given))

    return launch, call


def test_a_managed_node_does_not_activate_itself_and_comes_back(managed, start):
    description = managed[0]['generate_launch_description']()
    check, depth, manager = description.args[0][-3:]
    assert check.kwargs['function'].__name__ == 'require_manager'
    assert manager.kwargs['function'].__name__ == 'manage'
    assert depth.args == (str(DEPTH),)
    given = dict(depth.kwargs['launch_arguments'])
    assert given['autostart'] == 'false'
    assert given['respawn'].args == ('respawn',)
    assert the_node(start(autostart='false'))['parameters'][1] == {'autostart': False}
    assert the_node(start())['parameters'][1] == {}


@pytest.mark.parametrize('installed, timeout_sec', [(True, 4.0), (False, 0.0)])
def test_the_manager_expects_a_bond_where_the_node_has_one(
    managed, monkeypatch, installed, timeout_sec
):
    launch, call = managed
    monkeypatch.setitem(launch['manage'].__globals__, 'has_bond', lambda: installed)
    *said, manager = call('manage', namespace='robot1', name='eyes', use_sim_time='true')
    assert manager.kwargs['namespace'] == 'robot1'
    (parameters,) = manager.kwargs['parameters']
    assert parameters['node_names'] == ['eyes']
    assert parameters['bond_timeout'] == timeout_sec
    assert parameters['autostart'] is parameters['use_sim_time'] is True
    assert bool(said) is not installed
    assert all('bond_timeout: 0.0' in each.kwargs['msg'] for each in said)
    manager = call('manage', bond_timeout='10')[-1]
    assert manager.kwargs['parameters'][0]['bond_timeout'] == 10.0


def test_the_manager_has_every_process_of_the_node(managed, start):
    _, call = managed
    arguments = {'cameras': 'a,b,c', 'processes': '3', 'name': 'eyes'}
    nodes = [each.kwargs['name'] for each in made(start(**arguments), 'Node')]
    assert call('manage', **arguments)[-1].kwargs['parameters'][0]['node_names'] == nodes


@pytest.mark.parametrize('timeout', ['soon', '-1', 'nan', 'inf'])
def test_a_bond_timeout_that_is_none_is_refused(managed, timeout):
    with pytest.raises(RuntimeError, match=f'bond_timeout:={timeout} is not a number of seconds'):
        managed[1]('require_manager', bond_timeout=timeout)


def test_without_a_manager_nothing_is_started(managed, monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    launch, call = managed
    assert call('require_manager') == []
    monkeypatch.setitem(launch['manage'].__globals__, 'get_package_prefix', missing)
    with pytest.raises(RuntimeError, match='nav2_lifecycle_manager is not installed, so nothing'):
        call('require_manager')


@pytest.fixture
def real_launch():
    # Not `launch`: this repository's folder of that name would do for an import.
    pytest.importorskip('launch_ros.actions', reason='needs ROS 2 launch, which PyPI lacks')
    import launch
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    return launch, get_launch_description_from_python_launch_file


@pytest.mark.parametrize('path', LAUNCH_FILES, ids=lambda path: path.name)
def test_real_launch_reads_the_file(real_launch, path):
    _, read = real_launch

    arguments = read(str(path)).get_launch_arguments()

    assert arguments
    assert all(argument.description for argument in arguments)


def test_unknown_choice_is_answered_with_the_choices(real_launch):
    """A12: the error of a closed argument lists what it takes."""
    launch, read = real_launch
    (rviz,) = (
        argument for argument in read(str(DEPTH)).get_launch_arguments() if argument.name == 'rviz'
    )
    context = launch.LaunchContext()
    context.launch_configurations['rviz'] = 'maybe'

    with pytest.raises(RuntimeError, match=r"Valid options are: \['true', 'false'\]"):
        rviz.visit(context)
