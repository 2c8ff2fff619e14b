"""Which variables each CI system sets, as its own page lists them. A page that moves is a line here.

A field names templates; the first that gives something is taken, and one gives something when all the variables in its
braces do. After a colon stands how the variable is read: facts.READINGS.
"""

from collections.abc import Mapping
from dataclasses import dataclass

FIELDS = (
    "product",
    "version",
    "environment",
    "commit",
    "committed_at",
    "branch",
    "repository",
    "build_number",
    "build_url",
    "actor",
    "source_system",
    "invoke_id",
)
"""What can be known of a job."""


@dataclass(frozen=True, slots=True)
class System:
    """One CI system."""

    name: str
    """What it is called in reports."""
    marks: Mapping[str, str]
    """The variables by which it is recognised; an empty value stands for any."""
    fields: Mapping[str, tuple[str, ...]]
    """Field → templates. A version is the tag that was built; without one, the commit will be."""


SYSTEMS = (
    # https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    System(
        name="github",
        marks={"GITHUB_ACTIONS": "true"},
        fields={
            "version": ("{GITHUB_REF:tag}",),
            "commit": ("{GITHUB_SHA}",),
            "branch": ("{GITHUB_HEAD_REF}", "{GITHUB_REF:branch}"),
            "repository": ("{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}",),
            "build_number": ("{GITHUB_RUN_NUMBER}",),
            "build_url": ("{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",),
            "actor": ("{GITHUB_TRIGGERING_ACTOR}", "{GITHUB_ACTOR}"),
            "invoke_id": ("{GITHUB_RUN_ID}-{GITHUB_RUN_ATTEMPT}",),
        },
    ),
    # https://docs.gitlab.com/ci/variables/predefined_variables/
    System(
        name="gitlab",
        marks={"GITLAB_CI": "true"},
        fields={
            "version": ("{CI_COMMIT_TAG}",),
            "environment": ("{CI_ENVIRONMENT_NAME}",),
            "commit": ("{CI_COMMIT_SHA}",),
            "committed_at": ("{CI_COMMIT_TIMESTAMP}",),
            "branch": ("{CI_COMMIT_BRANCH}", "{CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}"),
            "repository": ("{CI_PROJECT_URL}",),
            "build_number": ("{CI_PIPELINE_IID}",),
            "build_url": ("{CI_JOB_URL}",),
            "actor": ("{GITLAB_USER_LOGIN}",),
            # Not the pipeline's: a rollback in GitLab runs a job of an old pipeline again.
            "invoke_id": ("{CI_JOB_ID}",),
        },
    ),
    # https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
    # https://plugins.jenkins.io/git/#plugin-content-environment-variables
    # https://plugins.jenkins.io/build-user-vars-plugin/
    System(
        name="jenkins",
        marks={"JENKINS_HOME": ""},
        fields={
            "version": ("{TAG_NAME}",),
            "commit": ("{GIT_COMMIT}",),
            "branch": ("{CHANGE_BRANCH}", "{BRANCH_NAME}", "{GIT_BRANCH:remote}"),
            "repository": ("{GIT_URL}",),
            "build_number": ("{BUILD_NUMBER}",),
            "build_url": ("{BUILD_URL}",),
            "actor": ("{BUILD_USER_ID}", "{BUILD_USER}"),
            "invoke_id": ("{BUILD_TAG}",),
        },
    ),
    # https://learn.microsoft.com/azure/devops/pipelines/build/variables
    # https://learn.microsoft.com/azure/devops/pipelines/release/variables
    System(
        name="azure",
        marks={"TF_BUILD": "True"},
        fields={
            "version": ("{BUILD_SOURCEBRANCH:tag}",),
            "environment": ("{ENVIRONMENT_NAME}", "{RELEASE_ENVIRONMENTNAME}"),
            "commit": ("{BUILD_SOURCEVERSION}",),
            # Not BUILD_SOURCEBRANCHNAME: of feature/tools it keeps only tools.
            "branch": ("{SYSTEM_PULLREQUEST_SOURCEBRANCH:branch}", "{BUILD_SOURCEBRANCH:branch}"),
            "repository": ("{BUILD_REPOSITORY_URI}",),
            "build_number": ("{BUILD_BUILDNUMBER}",),
            "build_url": ("{SYSTEM_COLLECTIONURI:base}/{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",),
            "actor": ("{BUILD_REQUESTEDFOR}",),
            "invoke_id": ("{BUILD_BUILDID}-{SYSTEM_STAGEATTEMPT}", "{BUILD_BUILDID}"),
        },
    ),
    # https://circleci.com/docs/reference/variables/
    System(
        name="circleci",
        marks={"CIRCLECI": "true"},
        fields={
            "version": ("{CIRCLE_TAG}",),
            "commit": ("{CIRCLE_SHA1}",),
            "branch": ("{CIRCLE_BRANCH}",),
            "repository": ("{CIRCLE_REPOSITORY_URL}",),
            "build_number": ("{CIRCLE_BUILD_NUM}",),
            "build_url": ("{CIRCLE_BUILD_URL}",),
            "actor": ("{CIRCLE_USERNAME}",),
            "invoke_id": ("{CIRCLE_WORKFLOW_ID}",),
        },
    ),
    # https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
    System(
        name="bitbucket",
        marks={"BITBUCKET_BUILD_NUMBER": ""},
        fields={
            "version": ("{BITBUCKET_TAG}",),
            "environment": ("{BITBUCKET_DEPLOYMENT_ENVIRONMENT}",),
            "commit": ("{BITBUCKET_COMMIT}",),
            "branch": ("{BITBUCKET_BRANCH}",),
            "repository": ("https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}",),
            "build_number": ("{BITBUCKET_BUILD_NUMBER}",),
            "build_url": (
                "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
            ),
            "actor": ("{BITBUCKET_STEP_TRIGGERER_UUID}",),
            # A step that is run again keeps the number of its build.
            "invoke_id": ("{BITBUCKET_BUILD_NUMBER}-{BITBUCKET_STEP_RUN_NUMBER}", "{BITBUCKET_BUILD_NUMBER}"),
        },
    ),
    # Sets no variables: a task has to hand on what it can substitute. docs/ci/tekton.md shows these names.
    # https://tekton.dev/docs/pipelines/variables/
    System(
        name="tekton",
        marks={"TEKTON_PIPELINE_RUN": ""},
        fields={
            "build_number": ("{TEKTON_PIPELINE_RUN}",),
            "build_url": (
                "{TEKTON_DASHBOARD_URL:base}/#/namespaces/{TEKTON_NAMESPACE}/pipelineruns/{TEKTON_PIPELINE_RUN}",
            ),
            "invoke_id": ("{TEKTON_PIPELINE_RUN_UID}", "{TEKTON_PIPELINE_RUN}"),
        },
    ),
    # Sets these only for its own executor: a template has to hand them on. docs/ci/argo-workflows.md shows how.
    # https://argo-workflows.readthedocs.io/en/latest/variables/
    System(
        name="argo-workflows",
        marks={"ARGO_WORKFLOW_NAME": ""},
        fields={
            "build_number": ("{ARGO_WORKFLOW_NAME}",),
            "build_url": ("{ARGO_WORKFLOWS_URL:base}/workflows/{ARGO_WORKFLOW_NAMESPACE}/{ARGO_WORKFLOW_NAME}",),
            "invoke_id": ("{ARGO_WORKFLOW_UID}", "{ARGO_WORKFLOW_NAME}"),
        },
    ),
    # Sets these where it renders manifests, not in a hook: a manifest hands them on, as in docs/ci/argo-cd-hooks.md.
    # https://argo-cd.readthedocs.io/en/stable/user-guide/build-environment/
    System(
        name="argocd",
        marks={"ARGOCD_APP_NAME": ""},
        fields={
            "product": ("{ARGOCD_APP_NAME}",),
            "environment": ("{ARGOCD_APP_NAMESPACE}",),
            "commit": ("{ARGOCD_APP_REVISION:commit}",),
            "version": ("{ARGOCD_APP_REVISION:release}",),
            "repository": ("{ARGOCD_APP_SOURCE_REPO_URL}",),
        },
    ),
)
"""In the order in which they are asked: a CI job that speaks to Argo CD is still a CI job."""
